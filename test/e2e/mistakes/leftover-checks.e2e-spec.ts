import type { IncomingMessage } from 'node:http';
import {
  Injectable,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type LoggerService,
  type Provider,
  type Type,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { describe, expect, it } from 'vitest';
import {
  fromFirstMessage,
  fromQueryParam,
  WsAuthModule,
  WsPublic,
  type WsAuthModuleOptions,
} from '../../../lib/index.js';
import { socketIo } from '../../../lib/socket-io.js';
import { JwtStrategy } from '../../support/strategies.js';

/** Stands for what verifies tokens. */
const verify = (token: unknown): unknown => token;

class OfHeader {
  handleConnection(_client: object, request: IncomingMessage): void {
    verify(request.headers.authorization?.split(' ')[1]);
  }
}

class OfQuery {
  handleConnection(_client: object, request: IncomingMessage): void {
    verify(new URL(request.url ?? '', 'ws://host').searchParams.get('token'));
  }
}

class OfAnotherParameter {
  handleConnection(_client: object, request: IncomingMessage): void {
    verify(new URL(request.url ?? '', 'ws://host').searchParams.get('token-2'));
  }
}

class OfAuth {
  handleConnection(client: Socket): void {
    verify(client.handshake.auth['token'] ?? client.handshake.query['room']);
  }
}

class OfMiddleware {
  afterInit(namespace: Namespace): void {
    namespace.use((client, next) => {
      verify(client.handshake.headers['authorization']);
      next();
    });
  }
}

class OfParts {
  handleConnection({ handshake }: Socket): void {
    const { authorization: header } = handshake.headers;
    verify(header);
  }
}

class OfPartsOfAuth {
  handleConnection(client: Socket): void {
    const { room, token } = client.handshake.auth;
    verify([room, token]);
  }
}

class OfDevice {
  handleConnection(client: Socket): void {
    verify(client.handshake.auth['device'] ?? client.handshake.headers['user-agent']);
  }
}

/** Asks a service of its own. */
class OfService {
  readonly auth = { token: () => 'ticket', issue: () => ({ token: 'ticket' }) };

  handleConnection(client: Socket): void {
    const { token } = this.auth.issue();
    client.emit('tickets', [token, this.auth.token()]);
  }
}

/** Asks another server, with a token of its own. */
class OfAnotherServer {
  handleConnection(_client: object, request: { headers: Record<string, string> }): void {
    const outgoing: { headers: Record<string, string> } = { headers: {} };
    outgoing.headers['authorization'] = `Bearer ${request.headers['x-device']}`;
  }
}

/** Its own `auth` is no payload. */
class OfOwnAuth {
  handleConnection(client: Socket): void {
    const auth = { token: 'ticket' };
    client.emit('ticket', auth.token, 'http://localhost');
  }
}

@Injectable()
class WsJwtGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Socket>();
    return verify(client.handshake.auth['token']) !== undefined;
  }
}

@UseGuards(WsJwtGuard)
class OfGuard {}

class OfHandler {
  @UseGuards(WsJwtGuard)
  @SubscribeMessage('hello')
  hello(): void {}
}

const inQuery = { credentials: [fromQueryParam('token'), fromFirstMessage()] };
const io = { platform: socketIo() };

async function warningsOf(gateway: Type<object>, options: Partial<WsAuthModuleOptions>) {
  WebSocketGateway({})(gateway);
  const warnings: string[] = [];
  const logger: LoggerService = {
    log: () => undefined,
    warn: (text: string) => void warnings.push(text),
    error: () => undefined,
  };
  const module = await Test.createTestingModule({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
    providers: [JwtStrategy, gateway] as Provider[],
  }).compile();
  const nest = module.createNestApplication({ logger });
  await nest.init();
  await nest.close();
  return warnings;
}

describe('a check of a token that was left in a gateway', () => {
  it.each<[string, Type<object>, Partial<WsAuthModuleOptions>]>([
    ['OfHeader.handleConnection()', OfHeader, {}],
    ['OfQuery.handleConnection()', OfQuery, inQuery],
    ['OfAuth.handleConnection()', OfAuth, io],
    ['OfParts.handleConnection()', OfParts, io],
    ['OfPartsOfAuth.handleConnection()', OfPartsOfAuth, io],
    ['OfMiddleware.afterInit()', OfMiddleware, io],
    ['@UseGuards(WsJwtGuard) of OfGuard', OfGuard, io],
    ['@UseGuards(WsJwtGuard) of OfHandler', OfHandler, io],
  ])('K8a: %s is named at boot, with what to use instead', async (where, gateway, options) => {
    expect(await warningsOf(gateway, options)).toEqual([
      expect.stringMatching(/finds REDACTED: .* @WsUser\(\) or userOf\(client\)$/),
    ]);
    expect((await warningsOf(gateway, options))[0]).toContain(where);
  });

  it.each<[string, Type<object>, Partial<WsAuthModuleOptions>]>([
    ['a parameter that no extractor reads', OfQuery, {}],
    ['a parameter whose name begins alike', OfAnotherParameter, inQuery],
    ['another field of the payload', OfDevice, io],
    ['a service of the application', OfService, io],
    ['a header that is written', OfAnotherServer, io],
    ['an object of the same name', OfOwnAuth, io],
    ['a payload that no extractor reads', OfAuth, { ...io, credentials: [fromQueryParam('t')] }],
  ])('K8a: %s is not warned of', async (_what, gateway, options) => {
    expect(await warningsOf(gateway, options)).toEqual([]);
  });

  it('K8a: nothing is replaced in a public gateway, and nothing warned of', async () => {
    class Open extends OfHeader {}
    WsPublic()(Open);
    const warnings = await warningsOf(Open, {});
    expect(warnings.filter((line) => line.includes('REDACTED'))).toEqual([]);
  });
});
