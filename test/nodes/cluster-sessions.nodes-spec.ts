import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WsAuthClusterSession } from '../../lib/index.js';
import { patient, patienceMs } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { startNode, type NodeOptions, type TestNode } from './node.js';
import { NodeProcess } from './processes/node-process.js';
import { packages } from './redis-clients.js';

let server: RedisServer;
let keyPrefix: string;
beforeEach(async () => {
  server = await RedisServer.start();
  keyPrefix = `test-${randomUUID()}`;
});
afterEach(() => server[Symbol.asyncDispose]());

function node(options: NodeOptions = {}): Promise<TestNode> {
  return startNode(server.url, { redis: { keyPrefix }, presence: true, ...options });
}

async function listed(on: TestNode, userId: string): Promise<readonly WsAuthClusterSession[]> {
  return (await on.sessions.listCluster(userId)).sessions;
}

const idsOf = (sessions: Iterable<{ readonly id: string }>) =>
  Array.from(sessions, ({ id }) => id).toSorted();

/** Waits until a node knows exactly those sessions of a user, on whichever node they are. */
async function knows(on: TestNode, userId: string, from: readonly TestNode[]): Promise<void> {
  const expected = () => idsOf(from.flatMap(({ sessions }) => sessions.ofUser(userId)));
  await eventually(
    async () => idsOf(await listed(on, userId)).join() === expected().join(),
    `the sessions of ${userId}`,
  );
  expect(await on.sessions.countCluster(userId)).toBe(expected().length);
}

describe.each(packages)('the sessions of a user on all nodes, with %s', (name) => {
  it('are known to every node, oldest first, with what began and ends them', async () => {
    await using a = await node({ package: name });
    await using b = await node({ package: name });
    const exp = Math.floor(Date.now() / 1_000) + 600;
    await a.enter('alice', { exp });
    const second = await b.enter('alice', { exp: exp + 1 });
    await b.enter('bob');
    for (const each of [a, b]) {
      await knows(each, 'alice', [a, b]);
    }
    const [first, last] = await listed(b, 'alice');
    expect(first).toEqual({
      id: a.sessions.ofUser('alice')[0]!.id,
      node: expect.any(String) as string,
      extractor: 'fromAuthorizationHeader',
      authenticatedAt: a.sessions.ofUser('alice')[0]!.authenticatedAt,
      expiresAt: exp * 1_000,
    });
    expect(last!.node).not.toBe(first!.node);
    b.sessions.refresh(last!.id, { id: 'alice', exp: exp + 2 });
    await eventually(
      async () => (await listed(a, 'alice'))[1]?.expiresAt === (exp + 2) * 1_000,
      'the new end',
    );
    await second[Symbol.asyncDispose]();
    await knows(a, 'alice', [a, b]);
    expect(await listed(a, 'carol')).toEqual([]);
    expect(await a.sessions.countCluster('carol')).toBe(0);
  });

  it('come in pages that end', async () => {
    await using a = await node({ package: name });
    await using b = await node({ package: name });
    for (let index = 0; index < 5; index += 1) {
      await [a, b][index % 2]!.enter('alice');
    }
    await knows(a, 'alice', [a, b]);
    const pages: (readonly WsAuthClusterSession[])[] = [];
    let after: string | undefined;
    do {
      const page = await a.sessions.listCluster('alice', { limit: 2, ...(after && { after }) });
      pages.push(page.sessions);
      after = page.next;
    } while (after !== undefined);
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(idsOf(pages.flat())).toEqual(idsOf(await listed(b, 'alice')));
  });

  it('come back after Redis has lost its data', async () => {
    await using a = await node({ package: name, maxStalenessMs: patient(1_000) });
    await a.enter('alice');
    await knows(a, 'alice', [a]);
    await server.command('FLUSHALL');
    expect(await listed(a, 'alice')).toEqual([]);
    await knows(a, 'alice', [a]);
  });
});

it('leaves out the sessions of a node that was killed, and of one that has closed', async () => {
  await using a = await node({ maxStalenessMs: patient(1_000) });
  const { url } = server;
  const settings = { url, redis: { keyPrefix }, presence: true, maxStalenessMs: patient(1_000) };
  await using killed = await NodeProcess.start(settings);
  await using closed = await NodeProcess.start(settings);
  for (const each of [killed, closed]) {
    await each.enter('alice');
  }
  const count = (expected: number) =>
    eventually(async () => (await a.sessions.countCluster('alice')) === expected, `${expected}`);
  await count(2);
  await closed.end();
  await count(1);
  await killed.kill();
  await count(0);
  expect(await server.command('EXISTS', `{${keyPrefix}}:nodes:`)).toBe(':1\r\n');
});

it.each(['toString', '__proto__', 'a:b}{*', 'ü\u0000', ' x'])(
  'keeps the sessions of the user %j apart from all others',
  async (userId) => {
    await using a = await node();
    await a.enter(userId);
    await knows(a, userId, [a]);
    expect(await listed(a, `${userId}x`)).toEqual([]);
  },
);

it('is refused without the option, with a message that names it', async () => {
  await using a = await node({ presence: false });
  const message = /^presence: .*presence: true/;
  await expect(a.sessions.listCluster('alice')).rejects.toThrow(message);
  await expect(a.sessions.countCluster('alice')).rejects.toThrow(message);
});

it.each([{ limit: 0 }, { limit: 1_001 }, { limits: 1 }, { after: 1 }])(
  'refuses the options %j',
  async (options) => {
    await using a = await node();
    await expect(a.sessions.listCluster('alice', options as never)).rejects.toThrow(
      /^(options\.)?(limits?|after)/,
    );
  },
);

describe.each(packages)('disconnecting on all nodes, with %s', (name) => {
  it('ends the sockets of a user with the code and the text that were given, and no credential', async () => {
    await using a = await node({ package: name });
    await using b = await node({ package: name });
    const token = tokenOf('alice');
    const clients = [await a.knock(token).opened(), await b.knock(token).opened()];
    const bob = await b.enter('bob');
    const options = { scope: 'cluster', code: 4_001, reason: 'moved' } as const;
    expect(await a.sessions.disconnect({ userId: 'alice' }, options)).toBe(1);
    for (const client of clients) {
      expect(await within(patienceMs, client.closed(), 'the session ends')).toEqual({
        code: 4_001,
        reason: 'moved',
      });
    }
    expect(await bob.ask('echo', 1)).toBe(1);
    expect([await a.statusOf(token), await b.statusOf(token)]).toEqual([101, 101]);
  });

  it('ends one session, wherever it is, and spares the one that asks', async () => {
    await using a = await node({ package: name });
    await using b = await node({ package: name });
    const asking = await a.enter('alice');
    const others = [await b.enter('alice'), await b.enter('alice')];
    const [one] = b.sessions.ofUser('alice');
    await a.sessions.disconnect({ sessionId: one!.id }, { scope: 'cluster' });
    expect(await within(patienceMs, others[0]!.closed(), 'one ends')).toEqual({
      code: 1008,
      reason: 'disconnected',
    });
    expect(await others[1]!.ask('echo', 1)).toBe(1);
    const exceptSessionId = a.sessions.ofUser('alice')[0]!.id;
    const options = { scope: 'cluster', exceptSessionId } as const;
    expect(await a.sessions.disconnect({ userId: 'alice' }, options)).toBe(0);
    await within(patienceMs, others[1]!.closed(), 'the other ends');
    expect(await asking.ask('echo', 1)).toBe(1);
  });

  it('does not end a session that began later, also if the node reads everything again', async () => {
    await using a = await node({ package: name, maxStalenessMs: patient(1_000) });
    await using b = await node({ package: name, maxStalenessMs: patient(1_000) });
    const former = await b.enter('alice');
    await a.sessions.disconnect({ userId: 'alice' }, { scope: 'cluster' });
    await within(patienceMs, former.closed(), 'the session ends');
    const later = await b.enter('alice');
    const victim = await b.enter('bob');
    await a.sessions.revoke({ tokenId: 'unknown' });
    const stream = `{${keyPrefix}}:revocations`;
    const newest = await a.client.command('XREVRANGE', stream, '+', '-', 'COUNT', '1');
    const [[id]] = newest as [[string]];
    await server.command('XDEL', stream, id);
    await a.sessions.revoke({ userId: 'bob' });
    await within(patienceMs, victim.closed(), 'everything was read');
    expect(await later.ask('echo', 1)).toBe(1);
  });
});

it('rejects where the other nodes cannot be reached, after the sockets of its own were closed', async () => {
  await using a = await node();
  const client = await a.enter('alice');
  await server.kill();
  await expect(
    a.sessions.disconnect({ userId: 'alice' }, { scope: 'cluster' }),
  ).rejects.toMatchObject({ code: 'ERR_WS_AUTH_STORE_UNAVAILABLE' });
  expect((await client.closed()).code).toBe(1008);
});

it('refuses a scope that does not exist', async () => {
  await using a = await node();
  const disconnect = () => a.sessions.disconnect({ userId: 'alice' }, { scope: 'all' as never });
  expect(disconnect).toThrow(/^scope: expected 'node' or 'cluster'/);
});
