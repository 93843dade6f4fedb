import { JwtModule, JwtService } from '@nestjs/jwt';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { Inject } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Contender } from './contender.js';
import { EchoGateway } from './echo.gateway.js';
import { startNest } from './nest-application.js';
import { keyOf, pretendToAsk, type User } from './verify.js';

const VERIFY_DELAY_MS = Symbol('verify delay');

/** The pattern of most answers on the web: verify in `handleConnection`, close if it fails. */
@WebSocketGateway()
class HandleConnectionGateway extends EchoGateway implements OnGatewayConnection {
  constructor(
    private readonly jwt: JwtService,
    @Inject(VERIFY_DELAY_MS) private readonly delayMs: number,
  ) {
    super();
  }

  async handleConnection(
    client: WebSocket & { user?: User },
    request: IncomingMessage,
  ): Promise<void> {
    try {
      const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
      const { sub } = await this.jwt.verifyAsync<{ sub: string }>(token);
      if (this.delayMs > 0) {
        await pretendToAsk(this.delayMs);
      }
      client.user = { id: sub };
    } catch {
      client.close(1008, 'unauthorized');
    }
  }
}

export const handleConnection: Contender = (settings) => {
  const { verifyDelayMs } = settings;
  const key = keyOf(settings);
  const jwt = JwtModule.register({
    secretOrKeyProvider: () => key,
    verifyOptions: { algorithms: ['HS256'] },
  });
  return startNest(
    {
      imports: [jwt],
      providers: [HandleConnectionGateway, { provide: VERIFY_DELAY_MS, useValue: verifyDelayMs }],
    },
    (app) => app.useWebSocketAdapter(new WsAdapter(app)),
  );
};
