import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisServer } from '../support/redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { startNode, type NodeOptions, type TestNode } from './node.js';
import { packages, storeOn } from './redis-clients.js';
import { patient, patienceMs } from '../support/patience.js';

/** So long that what a test sees cannot come from reading at intervals. */
const long = { maxStalenessMs: 600_000 };
const revoked = { code: 3000, reason: 'revoked' };

let server: RedisServer;
let keyPrefix: string;

beforeAll(async () => {
  server = await RedisServer.start({ persistent: true });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  keyPrefix = `test-${randomUUID()}`;
});

function node(options: NodeOptions = {}, url = server.url): Promise<TestNode> {
  return startNode(url, { ...long, redis: { keyPrefix }, ...options });
}

/** Publishes something on the stream that nodes follow. */
function say(...fields: string[]): Promise<string> {
  return server.command('XADD', `{${keyPrefix}}:revocations`, '*', ...fields);
}

describe.each(packages)('three nodes with %s', (name) => {
  it('closes on B and C what A revokes, long before a reading is due, and refuses it everywhere', async () => {
    const settings = { package: name, maxStalenessMs: 600_000 };
    await using a = await node(settings);
    await using b = await node(settings);
    await using c = await node(settings);
    for (let round = 0; round < 5; round += 1) {
      const user = `alice ${round}`;
      const token = tokenOf(user);
      const bystanders = [await b.enter('bob'), await c.enter('bob')];
      const clients = [await b.knock(token).opened(), await c.knock(token).opened()];
      await a.sessions.revoke({ userId: user });
      const closed = Promise.all(clients.map((client) => client.closed()));
      expect(await within(patienceMs, closed, 'B and C close')).toEqual([revoked, revoked]);
      for (const each of [a, b, c]) {
        expect(await each.statusOf(token)).toBe(401);
      }
      for (const client of bystanders) {
        expect(await client.ask('echo', 'still here')).toBe('still here');
      }
    }
  });
});

const addMany = `
for index = 1, 20000 do
  local entry = string.gsub(ARGV[1], 'N', index)
  redis.call('XADD', KEYS[1], '*', 'revocation', entry)
end`;
const newestId = "return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]";

describe('two nodes', () => {
  it('takes the token of a session with it, when a node that does not know it revokes the session', async () => {
    await using a = await node();
    await using b = await node();
    const token = tokenOf('alice');
    const client = await b.knock(token).opened();
    const [session] = b.sessions.ofUser('alice');
    await a.sessions.revoke({ sessionId: session!.id });
    expect(await within(patienceMs, client.closed(), 'the session closes')).toEqual(revoked);
    await eventually(async () => (await a.statusOf(token)) === 401, 'A refuses the token');
    expect(await b.statusOf(token)).toBe(401);
    expect(await a.statusOf(tokenOf('alice', { jti: 'another' }))).toBe(101);
  });

  it('closes by token and for all users, and spares the session that asks', async () => {
    await using a = await node();
    await using b = await node();
    const first = await b.enter('alice', { jti: 'one' });
    const second = await b.enter('alice', { jti: 'two' });
    await a.sessions.revoke({ tokenId: 'one' }, { reason: 'stolen' });
    const closed = await within(patienceMs, first.closed(), 'the token closes');
    expect(closed).toEqual({ code: 3000, reason: 'stolen' });
    const other = await b.enter('bob');
    const [kept] = b.sessions.ofUser('alice');
    await a.sessions.revoke({ issuedBefore: Date.now() }, { exceptSessionId: kept!.id });
    expect(await within(patienceMs, other.closed(), 'everybody closes')).toEqual(revoked);
    expect(await second.ask('echo', 1)).toBe(1);
  });

  it('D3: catches up with a long stream that it reads again from the start, and serves clients meanwhile', async () => {
    await using a = await node();
    const entry = { kind: 'token', id: 'token N', before: 0, rememberMs: 86_400_000 };
    const key = `{${keyPrefix}}:revocations`;
    await server.command('EVAL', addMany, '1', key, JSON.stringify(entry));
    await using b = await node();
    const revokedClient = await b.enter('alice', { jti: 'alice-1' });
    const bystander = await b.enter('bob', { jti: 'bob-1' });
    const newest = /\d+-\d+/.exec(await server.command('EVAL', newestId, '1', key))![0];
    await server.command('XDEL', key, newest);
    await a.sessions.revoke({ tokenId: 'alice-1' });
    expect(await bystander.ask('echo', 1)).toBe(1);
    expect(await within(patienceMs, revokedClient.closed(), 'B catches up')).toEqual(revoked);
    expect(await bystander.ask('echo', 2)).toBe(2);
    expect(b.health.isReady()).toBe(true);
  });

  it('RD-06 closes what was revoked while B was disconnected, as soon as B is back', async () => {
    await using proxy = await TcpProxy.to(server.port);
    await using a = await node();
    await using b = await node({}, proxy.url);
    const client = await b.enter('alice');
    const bystander = await b.enter('bob');
    proxy.cut();
    await eventually(() => !b.health.isReady(), 'B notices');
    await a.sessions.revoke({ userId: 'alice' });
    expect(await client.ask('echo', 1), 'B cannot know').toBe(1);
    proxy.mend();
    expect(await within(patienceMs, client.closed(), 'B catches up')).toEqual(revoked);
    await eventually(() => b.health.isReady(), 'B is ready again');
    expect(await bystander.ask('echo', 1)).toBe(1);
  });

  it('closes what was revoked although the connection that B listens on is silent', async () => {
    await using proxy = await TcpProxy.to(server.port);
    await using a = await node();
    await using b = await node({}, proxy.url);
    const client = await b.enter('alice');
    await eventually(() => proxy.accepted === 2, 'B has two connections');
    proxy.strandAllButFirst();
    await a.sessions.revoke({ userId: 'alice' });
    expect(await within(patienceMs, client.closed(), 'B finds out')).toEqual(revoked);
  });

  it('closes within maxStalenessMs although nothing arrives on the channel', async () => {
    await using first = await storeOn('redis', server.url, { keyPrefix });
    await using a = await node({ store: deaf(first.store), maxStalenessMs: patient(1_500) });
    const client = await a.enter('alice');
    await first.store.addRevocation({
      kind: 'user',
      id: 'alice',
      before: Date.now(),
      rememberMs: 60_000,
    });
    expect(await within(patienceMs, client.closed(), 'the node reads')).toEqual(revoked);
  });

  it('RD-05 reads again after Redis has restarted, and forgets nothing that Redis has kept', async () => {
    await using a = await node({ package: 'ioredis' });
    await using b = await node();
    const token = tokenOf('mallory');
    const [client, other] = [await b.enter('alice'), await b.knock(token).opened()];
    await a.sessions.revoke({ userId: 'mallory' });
    await within(patienceMs, other.closed(), 'mallory is out');
    await server.kill();
    await eventually(() => !a.health.isReady() && !b.health.isReady(), 'both notice');
    await server.restart();
    await eventually(() => a.health.isReady() && b.health.isReady(), 'both are back');
    expect(await b.statusOf(token)).toBe(401);
    await a.sessions.revoke({ userId: 'alice' });
    expect(await within(patienceMs, client.closed(), 'revocations are heard')).toEqual(revoked);
  });

  it('receives revocations after Redis has lost its data, and its clock has gone back', async () => {
    await using a = await node();
    const client = await a.enter('alice');
    const stream = `{${keyPrefix}}:revocations`;
    await server.command('XADD', stream, '99999999999999-0', 'revocation', 'of another time');
    await using probe = await storeOn('redis', server.url, { keyPrefix });
    await a.sessions.revoke({ tokenId: 'somebody' }).catch(() => undefined);
    expect((await probe.store.revocationsSince(undefined)).cursor).toContain('99999999999999');
    await server.command('DEL', stream);
    await probe.store.addRevocation({
      kind: 'user',
      id: 'alice',
      before: Date.now(),
      rememberMs: 60_000,
    });
    expect(await within(patienceMs, client.closed(), 'the revocation is heard')).toEqual(revoked);
  });

  it('ends no session for an entry that is malformed, foreign, repeated or late', async () => {
    await using a = await node();
    await using b = await node();
    const alice = { kind: 'user', id: 'alice', before: Date.now() - 3_600_000, rememberMs: 60_000 };
    const client = await b.enter('alice', { iat: Math.floor(Date.now() / 1_000) });
    const everybody = { kind: 'everybody', id: '', before: Date.now() + 60_000, rememberMs: 1_000 };
    const messages: string[][] = [
      ['revocation', ''],
      ['revocation', '{'],
      ['revocation', 'null'],
      ['revocation', '[]'],
      ['revocation', '{"kind":"all","id":"","before":9e15,"rememberMs":1}'],
      ['revocation', JSON.stringify({ ...everybody, before: '9999999999999' })],
      ['revocation', JSON.stringify({ ...everybody, before: null })],
      ['revocation', JSON.stringify({ ...everybody, id: 1 })],
      ['revocation', JSON.stringify({ v: 2, revocation: everybody })],
      ['foreign', JSON.stringify(everybody)],
      ['foreign', '1', 'revocation', JSON.stringify(everybody)],
      ['revocation', JSON.stringify(alice)],
      ['revocation', JSON.stringify(alice)],
      ['revocation', JSON.stringify({ ...alice, id: 'bob', reason: 'x'.repeat(10_000) })],
    ];
    for (const message of messages) {
      await say(...message);
    }
    const marker = await b.enter('carol');
    await a.sessions.revoke({ userId: 'carol' });
    expect(await within(patienceMs, marker.closed(), 'the last message is heard')).toEqual(revoked);
    expect(await client.ask('echo', 1)).toBe(1);
    expect(await b.statusOf(tokenOf('dave'))).toBe(101);
  });

  it('closes with its own words if those of a message fit into no close frame', async () => {
    await using b = await node();
    const client = await b.enter('alice');
    const told = { kind: 'user', id: 'alice', before: Date.now(), rememberMs: 60_000 };
    await say('revocation', JSON.stringify({ ...told, reason: 'x'.repeat(124) }));
    expect(await within(patienceMs, client.closed(), 'the session closes')).toEqual(revoked);
  });

  it('lets a user in whose revocation was forgotten before the node began', async () => {
    await using a = await node();
    await a.sessions.revoke({ userId: 'alice' }, { rememberMs: 1 });
    const token = tokenOf('alice', { iat: Math.floor(Date.now() / 1_000) - 60 });
    await eventually(
      async () => !(await a.client.store.isRevoked({ userId: 'alice' })),
      'the store forgets',
    );
    await using b = await node();
    expect(await b.statusOf(token)).toBe(101);
  });

  it('RD-13 keeps applications with other prefixes apart, also where one prefix begins the other', async () => {
    await using a = await node({ redis: { keyPrefix } });
    await using b = await node({ redis: { keyPrefix: `${keyPrefix}:b` } });
    const client = await b.enter('alice');
    await a.sessions.revoke({ userId: 'alice' });
    await a.sessions.revoke({ userId: 'b:alice' });
    const { ticket } = await a.tickets.issue({ id: 'alice' });
    expect(await b.client.store.takeTicket(ticket)).toBeUndefined();
    expect(await b.client.store.isRevoked({ userId: 'alice', issuedAt: 1 })).toBe(false);
    expect((await b.client.store.revocationsSince(undefined)).revocations).toEqual([]);
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('RD-14 misses none of 10,000 simultaneous revocations', async () => {
    await using a = await node({ redis: { keyPrefix, commandTimeoutMs: 60_000 } });
    await using b = await node({ redis: { keyPrefix, commandTimeoutMs: 60_000 } });
    const victims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => b.enter(`user ${index * 500}`)),
    );
    const bystander = await b.enter('bystander');
    const token = tokenOf('user 9999');
    const users = Array.from({ length: 10_000 }, (_, index) => `user ${index}`);
    await Promise.all(users.map((userId) => a.sessions.revoke({ userId })));
    for (const client of victims) {
      expect(await within(patient(60_000), client.closed(), 'a victim closes')).toEqual(revoked);
    }
    expect(await bystander.ask('echo', 1)).toBe(1);
    expect(await b.statusOf(token)).toBe(401);
  });
});

/** A store whose channel is silent. */
function deaf(store: TestNode['client']['store']): TestNode['client']['store'] {
  return {
    putTicket: (ticket, limits) => store.putTicket(ticket, limits),
    takeTicket: (digest) => store.takeTicket(digest),
    addRevocation: (revocation) => store.addRevocation(revocation),
    isRevoked: (question) => store.isRevoked(question),
    revocationsSince: (cursor) => store.revocationsSince(cursor),
    claimLease: (claim) => store.claimLease(claim),
    renewLeases: (leases, leaseMs) => store.renewLeases(leases, leaseMs),
    releaseLease: (place) => store.releaseLease(place),
    watch: () => () => Promise.resolve(),
  };
}
