import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestClient } from '../support/client.js';
import { RedisServer } from '../support/redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { statusOf } from './node.js';
import { clean, NodeProcess } from './processes/node-process.js';
import { ThreeNodes } from './processes/three-nodes.js';
import { patienceMs } from '../support/patience.js';

const inFlight = 100;
const revoked = { code: 3000, reason: 'revoked' };
const unavailable = { code: 1013, reason: 'authentication unavailable' };
const cleanly = [clean, clean, clean];

/** Long enough for a machine that is busy with other tests. */
const redis = { commandTimeoutMs: 20_000 };

function present(node: NodeProcess, ticket: string): TestClient {
  return node.connect(`/?ticket=${ticket}`);
}

/** Prepares handshakes on each of the nodes, half of them with a ticket. */
async function knocks({ all }: ThreeNodes): Promise<() => TestClient[]> {
  const users = Array.from({ length: inFlight / 2 }, (_, index) => `user ${index}`);
  const tickets = await Promise.all(users.map((user) => all[0]!.ask('issueTicket', user)));
  return () =>
    tickets.flatMap((ticket, index) => [
      present(all[index % 3]!, ticket),
      all[(index + 1) % 3]!.knock(tokenOf(users[index]!)),
    ]);
}

describe('three processes', () => {
  let server: RedisServer;
  let settings: { readonly url: string; readonly redis: object };
  beforeAll(async () => {
    server = await RedisServer.start({ persistent: true });
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    settings = { url: server.url, redis: { ...redis, keyPrefix: `processes-${randomUUID()}` } };
  });

  it('close on B and C what A revokes, long before a reading is due, and refuse it everywhere', async () => {
    await using nodes = await ThreeNodes.start({ ...settings, maxStalenessMs: 600_000 });
    const { a, b, c, all } = nodes;
    const bystanders = [await b.enter('bob'), await c.enter('bob')];
    for (let round = 0; round < 9; round += 1) {
      const token = tokenOf(`alice ${round}`);
      const clients = [await b.knock(token).opened(), await c.knock(token).opened()];
      expect(await a.ask('revoke', `alice ${round}`)).toBe(0);
      const closed = Promise.all(clients.map((client) => client.closed()));
      expect(await within(patienceMs, closed, 'B and C close')).toEqual([revoked, revoked]);
      const statuses = await Promise.all(all.map((node) => statusOf(node.knock(token))));
      expect(statuses).toEqual([401, 401, 401]);
    }
    for (const client of bystanders) {
      expect(await client.ask('echo', 'still here')).toBe('still here');
    }
    expect(await nodes.end()).toEqual(cleanly);
  });

  it('RD-06 close on B what A revoked while B was disconnected, as soon as B is back', async () => {
    const maxStalenessMs = 10_000;
    await using proxy = await TcpProxy.to(server.port);
    await using nodes = await ThreeNodes.start(
      { ...settings, maxStalenessMs, onStoreLoss: 'keep' },
      { url: proxy.url },
    );
    const { a, b, c } = nodes;
    const [alice, bob, there] = [
      await b.enter('alice'),
      await b.enter('bob'),
      await c.enter('alice'),
    ];
    proxy.cut();
    await eventually(async () => !(await b.ask('isReady')), 'B notices');
    await a.ask('revoke', 'alice');
    expect(await within(patienceMs, there.closed(), 'C hears of it')).toEqual(revoked);
    expect(await alice.ask('echo', 'B cannot know')).toBe('B cannot know');
    expect(await statusOf(b.knock(tokenOf('carol')))).toBe(503);
    proxy.mend();
    expect(await within(patienceMs, alice.closed(), 'B catches up')).toEqual(revoked);
    await eventually(() => b.ask('isReady'), 'B is ready again');
    expect(await bob.ask('echo', 'still here')).toBe('still here');
    expect(await nodes.end()).toEqual(cleanly);
  });

  it('TK-01 accept one of 20 sockets that present one ticket simultaneously, in each of 500 rounds', async () => {
    await using nodes = await ThreeNodes.start(settings);
    const { all } = nodes;
    for (let round = 0; round < 500; round += 1) {
      const ticket = await all[round % 3]!.ask('issueTicket', 'alice');
      const clients = Array.from({ length: 20 }, (_, index) => present(all[index % 3]!, ticket));
      const statuses = await within(patienceMs, Promise.all(clients.map(statusOf)), 'all are told');
      const winners = statuses.filter((status) => status === 101).length;
      const losers = statuses.filter((status) => status === 401).length;
      expect([winners, losers], `round ${round}`).toEqual([1, 19]);
      clients.forEach((client) => client.socket.terminate());
    }
    expect(await nodes.count('authenticated')).toBe(500);
    expect(await nodes.end()).toEqual(cleanly);
  }, 300_000);

  it('go on when one of them is killed, whose sessions are gone, and take another in its place', async () => {
    await using nodes = await ThreeNodes.start(settings);
    const { a, b, c } = nodes;
    const token = tokenOf('mallory');
    const lost = [await b.enter('alice'), await b.enter('bob'), await b.knock(token).opened()];
    const [alice, bob] = [await c.enter('alice'), await c.enter('bob')];
    const ticket = await b.ask('issueTicket', 'dora');
    expect(await b.kill()).toMatchObject({ code: null, signal: 'SIGKILL', faults: [] });
    const codes = await Promise.all(lost.map(async (client) => (await client.closed()).code));
    expect(codes).toEqual([1006, 1006, 1006]);
    expect(await nodes.a.ask('countSessions')).toBe(0);
    expect(await nodes.c.ask('countSessions')).toBe(2);
    await a.ask('revoke', 'mallory');
    await a.ask('revoke', 'alice');
    expect(await within(patienceMs, alice.closed(), 'C hears of A')).toEqual(revoked);
    expect(await bob.ask('echo', 'still here')).toBe('still here');
    expect(await statusOf(present(c, ticket)), 'what B issued is good on C').toBe(101);
    await using next = await NodeProcess.start(settings);
    expect(await next.ask('countSessions')).toBe(0);
    expect(await statusOf(next.knock(token)), 'what was revoked before it began').toBe(401);
    expect(await statusOf(next.knock(tokenOf('bob')))).toBe(101);
    const endings = await Promise.all([a, c, next].map((node) => node.end()));
    expect(endings).toEqual(cleanly);
  });
});

describe('three processes that count sessions together', () => {
  it('give the leases of one that is killed back when its leases have run out, and no others', async () => {
    await using server = await RedisServer.start();
    const maxStalenessMs = 5_000;
    await using nodes = await ThreeNodes.start({
      url: server.url,
      redis,
      maxStalenessMs,
      sessionLimitScope: 'cluster',
      maxSessionsPerUser: 1,
    });
    const { a, b, c } = nodes;
    await b.enter('alice');
    const bob = await c.enter('bob');
    const killedAt = performance.now();
    expect(await b.kill()).toMatchObject({ code: null, signal: 'SIGKILL', faults: [] });
    expect(await statusOf(a.knock(tokenOf('alice'))), 'the lease runs on').toBe(429);
    const comesIn = async () => (await statusOf(c.knock(tokenOf('alice')))) === 101;
    await eventually(comesIn, 'the place is free');
    // The lease is 1.5 times that, and was renewed at most a quarter of itself before.
    expect(performance.now() - killedAt).toBeGreaterThan(maxStalenessMs);
    expect(await statusOf(a.knock(tokenOf('alice'))), 'it is taken again').toBe(429);
    expect(await statusOf(a.knock(tokenOf('bob'))), 'C has renewed its own').toBe(429);
    expect(await bob.ask('echo', 'still here')).toBe('still here');
    expect(await Promise.all([a.end(), c.end()])).toEqual([clean, clean]);
  });
});

describe('three processes that lose their Redis', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await RedisServer.start({ persistent: true });
    return () => server[Symbol.asyncDispose]();
  });

  it('RD-04 give each of 100 authentications in flight one outcome, 503, when it is killed', async () => {
    await using nodes = await ThreeNodes.start({ url: server.url, redis });
    const knock = await knocks(nodes);
    server.freeze();
    const clients = knock();
    await eventually(
      async () => (await nodes.count('authenticating')) === inFlight,
      'all are under way',
    );
    await server.kill();
    const statuses = await within(patienceMs, Promise.all(clients.map(statusOf)), 'all are told');
    expect(statuses).toEqual(statuses.map(() => 503));
    expect(await nodes.countSessions()).toBe(0);
    expect(await nodes.count('refused')).toBe(inFlight);
    expect(await nodes.count('authenticated')).toBe(0);
    await server.restart();
    await eventually(
      async () => (await statusOf(nodes.a.knock(tokenOf('alice')))) === 101,
      'A recovers',
    );
    expect(await nodes.end()).toEqual(cleanly);
  });

  it('RD-04 give each one outcome also when it dies in the middle of its answers', async () => {
    await using nodes = await ThreeNodes.start({ url: server.url, redis, onStoreLoss: 'keep' });
    const knock = await knocks(nodes);
    const clients = knock();
    await eventually(async () => (await nodes.count('authenticated')) > 0, 'the first are in');
    await server.kill();
    const statuses = await within(patienceMs, Promise.all(clients.map(statusOf)), 'all are told');
    const admitted = statuses.filter((status) => status === 101).length;
    expect(statuses.filter((status) => status === 503)).toHaveLength(inFlight - admitted);
    expect(await nodes.countSessions()).toBe(admitted);
    expect(await nodes.count('authenticated')).toBe(admitted);
    expect(await nodes.count('refused')).toBe(inFlight - admitted);
    expect(await nodes.end(), 'while Redis is gone').toEqual(cleanly);
  });

  it('RD-02 refuse with 503 and Retry-After within the time of a command while it is silent', async () => {
    const commandTimeoutMs = 1_000;
    await using nodes = await ThreeNodes.start({
      url: server.url,
      redis: { commandTimeoutMs },
      authTimeoutMs: 60_000,
    });
    const { a, all } = nodes;
    const ticket = await a.ask('issueTicket', 'alice');
    const waiting = await a.connect().opened();
    server.freeze();
    const told = [...all.map((node) => node.knock(tokenOf('alice'))), present(a, ticket)].map(
      async (client) => {
        const { status, headers } = await client.refusal();
        return [status, headers['retry-after']];
      },
    );
    waiting.emit('authenticate', { token: tokenOf('alice') });
    const answers = await within(patienceMs, Promise.all(told), 'all are told');
    expect(answers).toEqual(answers.map(() => [503, '1']));
    expect(await within(patienceMs, waiting.closed(), 'it is told')).toEqual(unavailable);
    server.thaw();
    await eventually(async () => (await statusOf(a.knock(tokenOf('bob')))) === 101, 'A recovers');
    expect(await nodes.end()).toEqual(cleanly);
  });
});
