import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { WsAuthModule } from 'nestjs-ws-auth';

export const tenant = new AsyncLocalStorage<string>();

export const protection = WsAuthModule.forRoot({
  strategy: 'jwt',
  middleware: [
    ({ headers }: IncomingMessage, _response: unknown, next: () => void) =>
      tenant.run(headers.host ?? '', next),
  ],
});
