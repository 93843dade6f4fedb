import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Strategy } from 'passport-custom';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  WsAuth,
  WsAuthModule,
} from '../../../lib/index.js';
import { benchOrigin } from '../load/requests.js';
import type { Contender } from './contender.js';
import { jwtStrategy } from './jwt-strategy.js';
import { startNest } from './nest-application.js';

/** Reads all that a client may send, and refuses it. */
@Injectable()
class ReadingStrategy extends PassportStrategy(Strategy, 'reading') {
  validate(request: { readonly query: object; readonly body: object }): undefined {
    Object.keys(request.query);
    Object.keys(request.body);
    return undefined;
  }
}

class Echo {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'echo', data };
  }
}

const bridge = { path: '/bridge', parentOrigins: [benchOrigin] };

@WsAuth({
  credentials: [
    fromAuthorizationHeader(),
    fromQueryParam('token'),
    fromCookie('session', { bridge }),
    fromSubprotocol(),
    fromFirstMessage(),
  ],
})
@WebSocketGateway({ path: '/', perMessageDeflate: true })
class EveryWayGateway extends Echo {}

@WsAuth({ credentials: [fromRequest({ headers: ['x-api-key'], queryParams: ['key'] })] })
@WebSocketGateway({ path: '/request' })
class RequestGateway extends Echo {}

@WsAuth({ credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })], rejection: 'close' })
@WebSocketGateway({ path: '/close' })
class ClosingGateway extends Echo {}

@WsAuth({ credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })], optional: true })
@WebSocketGateway({ path: '/guest' })
class GuestGateway extends Echo {}

/** What its guests send waits for a hook of the connection. */
@WsAuth({ credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })], optional: true })
@WebSocketGateway({ path: '/slow' })
class SlowGateway extends Echo {
  handleConnection(): Promise<void> {
    return setTimeout(2);
  }
}

/** This package with every way in, behind a proxy, and two strategies that read what they can. */
export const oursHostile: Contender = async (settings) => {
  const { port } = await startNest({
    imports: [
      WsAuthModule.forRoot({
        strategy: ['jwt', 'reading'],
        allowedOrigins: [benchOrigin, /https:\/\/[a-z-]+\.example\.com/],
        trustProxy: 'loopback',
      }),
    ],
    providers: [
      jwtStrategy(settings),
      ReadingStrategy,
      EveryWayGateway,
      RequestGateway,
      ClosingGateway,
      GuestGateway,
      SlowGateway,
    ],
  });
  return { port };
};
