import { WebSocketGateway } from '@nestjs/websockets';
import type { Server } from 'socket.io';
import { describe, expect, it } from 'vitest';
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

const noop = () => undefined;

async function connectTwice(app: IoApp): Promise<void> {
  for (let each = 0; each < 2; each += 1) {
    const client = app.open('websocket', { auth: { token: tokenOf('alice') } });
    await new Promise((resolve) => client.socket.io.once('close', resolve));
  }
}

describe('K12a: an unknown version of Socket.IO', () => {
  it.each([
    [ProtectedGateway, 'ack'],
    [PublicGateway, 'ack'],
    [UnknownEngineGateway, '_maybeUpgrade'],
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
});
