import { createServer } from 'node:http';
import { WebSocketGateway } from '@nestjs/websockets';
import { Server } from 'socket.io';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { demandKnownInternals } from '../../lib/adapters/socket-io/internals/self-check.js';
import { WsPublic } from '../../lib/index.js';
import { tokenOf } from '../support/tokens.js';
import { startIo, type IoApp } from './support/io-app.js';
import { IoEcho } from './support/io-gateways.js';

interface Internals {
  _createSocket(client: unknown, auth: unknown): Promise<object>;
}

/** Hides a member of clients, as a version does that names it otherwise. */
function hideFromClients(server: Server, member: string): void {
  const namespace = server.of('/') as unknown as Internals;
  const create = namespace._createSocket.bind(namespace);
  namespace._createSocket = async (client, auth) =>
    Object.assign(await create(client, auth), { [member]: undefined });
}

@WebSocketGateway()
class ProtectedGateway extends IoEcho {
  afterInit(server: Server): void {
    hideFromClients(server, 'ack');
  }
}

@WsPublic()
@WebSocketGateway()
class PublicGateway extends ProtectedGateway {
  override handleConnection(): void {}
}

/** Hides a member of the connections of engine.io. */
@WebSocketGateway()
class UnknownEngineGateway extends IoEcho {
  afterInit({ engine }: Server): void {
    (engine as unknown as NodeJS.EventEmitter).prependListener('connection', (conn: object) => {
      Object.assign(conn, { _maybeUpgrade: undefined });
    });
  }
}

/** Hides the bound of what messages inflate to. */
@WebSocketGateway({ perMessageDeflate: true })
class UnknownInflaterGateway extends IoEcho {
  afterInit({ engine }: Server): void {
    (engine as unknown as NodeJS.EventEmitter).prependListener('connection', hideInflater);
  }
}

function hideInflater({ transport }: { transport: { socket: WebSocket } }): void {
  const { _extensions: extensions } = transport.socket as unknown as {
    readonly _extensions: Record<string, object>;
  };
  Object.assign(extensions['permessage-deflate']!, { _maxPayload: undefined });
}

/** Hides the query of requests. */
@WebSocketGateway()
class UnknownQueryGateway extends IoEcho {
  afterInit({ engine }: Server): void {
    const { middlewares } = engine as unknown as { readonly middlewares: unknown[] };
    middlewares.unshift((request: object, _response: unknown, next: () => void) => {
      Object.assign(request, { _query: undefined });
      next();
    });
  }
}

const noop = () => undefined;

async function connectTwice(app: IoApp): Promise<void> {
  for (let each = 0; each < 2; each += 1) {
    const client = app.open('websocket', { auth: { token: tokenOf('alice') } });
    await new Promise<void>((resolve) => {
      client.socket.io.once('close', () => resolve()).once('error', () => resolve());
    });
  }
}

describe('K12a: an unknown version of Socket.IO', () => {
  it.each([
    [ProtectedGateway, 'ack'],
    [PublicGateway, 'ack'],
    [UnknownEngineGateway, '_maybeUpgrade'],
    [UnknownInflaterGateway, '_extensions'],
    [UnknownQueryGateway, '_query'],
  ])('refuses the clients of %o, and the log has the reason, once', async (gateway, member) => {
    const errors: unknown[] = [];
    const error = (text: unknown) => errors.push(text);
    const logger = { log: noop, warn: noop, debug: noop, error };
    await using app = await startIo({}, [gateway], { logger });
    await connectTwice(app);
    expect(app.nest.get<IoEcho>(gateway).connected).toEqual([]);
    expect(errors).toEqual([
      expect.stringMatching(
        `^clients are refused, since this version of socket.io or engine.io is unknown \\(${member}\\); install`,
      ),
    ]);
  });

  it.each(['sockets', '_preConnectSockets'])(
    'K12a: refuses to boot where a namespace has no %s',
    (member) => {
      const http = createServer();
      const server = new Server(http);
      Object.assign(server.of('/'), { [member]: undefined });
      expect(() => demandKnownInternals(server)).toThrow(
        `this version of socket.io is unknown (${member}), so its gateways could not be protected`,
      );
    },
  );
});
