import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WsAuth } from '../../lib/index.js';
import { WebSocketGateway } from '@nestjs/websockets';
import type { TestClient } from '../support/client.js';
import { RedisServer } from '../support/redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { startNode, statusOf, type NodeOptions, type TestNode } from './node.js';
import { patient, patienceMs } from '../support/patience.js';

const replaced = { code: 1008, reason: 'too many sessions' };

let server: RedisServer;
let rounds = 0;
let keyPrefix: string;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  rounds += 1;
  keyPrefix = `leases:${rounds}`;
});
afterEach(async () => {
  // Nothing is left of a user whose sessions have ended.
  await eventually(
    async () =>
      (await server.command(
        'EVAL',
        `return #redis.call('KEYS', '{${keyPrefix}}:leases-of:*')`,
        '0',
      )) === ':0\r\n',
    'all leases are given back',
  );
});

function node(options: NodeOptions = {}, url = server.url): Promise<TestNode> {
  const common = { sessionLimitScope: 'cluster', maxSessionsPerUser: 2 } as const;
  return startNode(url, { redis: { keyPrefix }, ...common, ...options });
}

function placesOf(user: string): string {
  return `{${keyPrefix}}:leases-of:${Buffer.from(user).toString('base64url')}`;
}

/** A client that authenticates by its first message. */
async function enterByMessage(on: TestNode, user: string): Promise<TestClient> {
  const client = await on.app.connect().opened();
  return client.emit('authenticate', { token: tokenOf(user) });
}

describe('a limit on the sessions of a user on all nodes', () => {
  it('refuses one too many on whichever node, by the upgrade and by message', async () => {
    await using a = await node();
    await using b = await node();
    const first = await a.enter('alice');
    const second = await enterByMessage(b, 'alice');
    await second.next();
    expect(await b.statusOf(tokenOf('alice'))).toBe(429);
    expect(await (await enterByMessage(a, 'alice')).closed()).toEqual({
      code: 1013,
      reason: 'too many sessions',
    });
    expect(await a.statusOf(tokenOf('bob'))).toBe(101);
    expect(await first.ask('echo', 1)).toBe(1);
    expect(await second.ask('echo', 2)).toBe(2);
  });

  it('accepts exactly as many simultaneous clients as the limit', async () => {
    await using a = await node();
    await using b = await node();
    const clients = Array.from({ length: 20 }, (_, index) =>
      [a, b][index % 2]!.knock(tokenOf('alice')),
    );
    const statuses = await within(patienceMs, Promise.all(clients.map(statusOf)), 'all are told');
    expect(statuses.filter((status) => status === 101)).toHaveLength(2);
    expect(statuses.filter((status) => status === 429)).toHaveLength(18);
  });

  it('lets the next one in once a lease is free', async () => {
    await using a = await node({ maxSessionsPerUser: 1 });
    await using b = await node({ maxSessionsPerUser: 1 });
    const client = await a.enter('alice');
    client.socket.close();
    await client.closed();
    await eventually(async () => (await b.statusOf(tokenOf('alice'))) === 101, 'it is let in');
  });

  it('closes the oldest, on whichever node that is, and revokes nothing', async () => {
    await using a = await node({ onLimit: 'closeOldest' });
    await using b = await node({ onLimit: 'closeOldest' });
    const token = tokenOf('alice');
    const oldest = await a.knock(token).opened();
    const older = await b.knock(token).opened();
    const newest = await b.knock(token).opened();
    expect(await within(patienceMs, oldest.closed(), 'the oldest closes')).toEqual(replaced);
    const last = await enterByMessage(a, 'alice');
    expect(await within(patienceMs, older.closed(), 'the next closes')).toEqual(replaced);
    await last.next();
    expect(await newest.ask('echo', 1)).toBe(1);
    expect(await last.ask('echo', 1)).toBe(1);
    expect(a.count('revoked') + b.count('revoked')).toBe(0);
  });

  it('counts a session that has renewed once, and leaves it its age', async () => {
    await using a = await node({ onLimit: 'closeOldest' });
    await using b = await node({ onLimit: 'closeOldest' });
    const first = await a.enter('alice');
    const second = await b.enter('alice');
    await first.emit('authenticate', { token: tokenOf('alice') }).next();
    await b.enter('alice');
    expect(await within(patienceMs, first.closed(), 'the oldest closes')).toEqual(replaced);
    expect(await second.ask('echo', 1)).toBe(1);
  });

  it('gives back the lease of an upgrade that fails after all', async () => {
    @WsAuth({ maxSessionsPerUser: 1 })
    @WebSocketGateway({
      path: '/choosy',
      handleProtocols: (offered: Set<string>) => {
        if (offered.has('bad')) {
          throw new Error('no such protocol');
        }
        return 'good';
      },
    })
    class ChoosyGateway {}
    await using a = await node({ providers: [ChoosyGateway] });
    const headers = { authorization: `Bearer ${tokenOf('alice')}` };
    const failing = a.app.connect('/choosy', { headers, protocols: ['bad'] });
    expect(await statusOf(failing)).toBe(500);
    const next = () => statusOf(a.app.connect('/choosy', { headers, protocols: ['good'] }));
    await eventually(async () => (await next()) === 101, 'the lease is free');
  });

  it('gives back the lease of an upgrade that `ws` itself refuses', async () => {
    @WsAuth({ maxSessionsPerUser: 1 })
    @WebSocketGateway({ path: '/compressed', perMessageDeflate: true })
    class CompressedGateway {}
    await using a = await node({ providers: [CompressedGateway] });
    const headers = {
      authorization: `Bearer ${tokenOf('alice')}`,
      'sec-websocket-extensions': 'permessage-deflate; nonsense',
    };
    const failing = a.app.connect('/compressed', { headers, perMessageDeflate: false });
    expect(await statusOf(failing)).toBe(400);
    const next = () => statusOf(a.knock(tokenOf('alice'), '/compressed'));
    await eventually(async () => (await next()) === 101, 'the lease is free');
  });

  it('renews the leases of sessions that last, and frees those of a node that has gone', async () => {
    await using a = await node({ maxSessionsPerUser: 1, maxStalenessMs: patient(1_000) });
    await using proxy = await TcpProxy.to(server.port);
    await using b = await node(
      { maxSessionsPerUser: 1, maxStalenessMs: patient(1_000) },
      proxy.url,
    );
    const lasting = await a.enter('alice');
    await b.enter('bob');
    proxy.cut();
    await eventually(
      async () => (await a.statusOf(tokenOf('bob'))) === 101,
      'the lease of B is free',
    );
    expect(await a.statusOf(tokenOf('alice'))).toBe(429);
    expect(await lasting.ask('echo', 1)).toBe(1);
    proxy.mend();
  });

  it('accepts no client while the leases cannot be read', async () => {
    await using a = await node();
    const spoil = [
      ['SET', placesOf('alice'), 'something else'],
      ['HSET', placesOf('alice'), 'a session', 'of another version'],
    ];
    for (const command of spoil) {
      await server.command(...command);
      expect(await a.statusOf(tokenOf('alice'))).toBe(503);
      await server.command('DEL', placesOf('alice'));
    }
    expect(await a.statusOf(tokenOf('alice'))).toBe(101);
  });

  it('renews the leases of all others although those of one user cannot be read', async () => {
    await using a = await node({ maxSessionsPerUser: 1, maxStalenessMs: patient(1_000) });
    await a.enter('alice');
    await a.enter('bob');
    const ended = () => server.command('HGET', placesOf('bob'), a.sessions.ofUser('bob')[0]!.id);
    await server.command('DEL', placesOf('alice'));
    await server.command('SET', placesOf('alice'), 'something else');
    const before = await ended();
    await eventually(async () => (await ended()) !== before, 'the lease of bob is renewed');
    expect(await a.statusOf(tokenOf('bob'))).toBe(429);
    await server.command('DEL', placesOf('alice'));
  });
});
