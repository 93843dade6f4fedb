import type { IncomingMessage, Server } from 'node:http';
import type { INestApplication, ModuleMetadata, Provider } from '@nestjs/common';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  protectUpgrades,
  sessionOf,
  WsAuthModule,
  type ProtectUpgradesOptions,
  type WsAuthModuleOptions,
} from '../../../lib/index.js';
import { startApp, type StartOptions, type TestApp } from '../../support/app.js';
import { JwtStrategy, type TestUser } from '../../support/strategies.js';

/** What a server of another package met. */
export class OtherServer {
  readonly requests: IncomingMessage[] = [];
  readonly clients: WebSocket[] = [];
  readonly messages: string[] = [];
  readonly server = new WebSocketServer({ noServer: true });

  /** Takes whatever begins with `/other`, and echoes in the name of its client. */
  attach(nest: INestApplication): void {
    const http: Server = nest.getHttpServer();
    http.on('upgrade', (request, socket, head) => {
      this.requests.push(request);
      if (request.url?.startsWith('/other')) {
        this.server.handleUpgrade(request, socket, head, (client) => this.#serve(client, request));
      }
    });
  }

  #serve(client: WebSocket, request: IncomingMessage): void {
    this.clients.push(client);
    client.on('message', (data: Buffer) => {
      const text = data.toString();
      this.messages.push(text);
      const user = sessionOf<TestUser>(request)?.user?.id;
      client.send(JSON.stringify({ event: 'echo', data: { user, text } }));
    });
  }
}

/** An application whose only WebSocket server is one that it does not run itself. */
export async function startOther(
  own: Partial<ProtectUpgradesOptions> = {},
  options: WsAuthModuleOptions = {},
  providers: Provider[] = [],
  startOptions: StartOptions = {},
): Promise<{ readonly app: TestApp; readonly other: OtherServer }> {
  const other = new OtherServer();
  const metadata: ModuleMetadata = {
    imports: [
      WsAuthModule.forRoot({
        strategy: 'jwt',
        upgrades: [protectUpgrades({ path: '/other', ...own })],
        ...options,
      }),
    ],
    providers: [JwtStrategy, ...providers],
  };
  const app = await startApp(metadata, (nest) => other.attach(nest), startOptions);
  return { app, other };
}
