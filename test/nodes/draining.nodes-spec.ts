import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patient, patienceMs } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { HeldShutdown } from './held-shutdown.js';
import { startNode, type NodeOptions, type TestNode } from './node.js';
import { clean, NodeProcess } from './processes/node-process.js';
import { packages } from './redis-clients.js';

const revoked = { code: 3000, reason: 'revoked' };
const goingAway = { code: 1001, reason: 'server shutting down' };

let server: RedisServer;
let keyPrefix: string;
beforeEach(async () => {
  server = await RedisServer.start();
  keyPrefix = `test-${randomUUID()}`;
});
afterEach(() => server[Symbol.asyncDispose]());

function node(options: NodeOptions): Promise<TestNode> {
  return startNode(server.url, { redis: { keyPrefix }, ...options });
}

/** Has a node drain, until `finish` is called. */
async function drain(draining: TestNode) {
  const { begun, over } = draining.app.nest.get(HeldShutdown);
  const closed = draining.app.nest.close();
  await within(patienceMs, begun.promise, 'the drain begins');
  return {
    finish: async () => {
      over.resolve();
      await within(patienceMs, closed, 'the node closes');
    },
  };
}

/** So long that what a test sees cannot come from reading at intervals. */
const long = { maxStalenessMs: 600_000 };

describe.each(packages)('a node that drains, with %s', (name) => {
  it('D2: ends the sessions that other nodes revoke, by user, session, token and time of issue', async () => {
    await using a = await node({ ...long, package: name });
    await using b = await node({ ...long, package: name, providers: [HeldShutdown] });
    const users = ['by user', 'by session', 'by token', 'bystander'];
    const clients = [];
    for (const user of users) {
      clients.push(await b.enter(user, { jti: `jti ${user}` }));
    }
    const [ofUser, ofSession, ofToken, bystander] = clients;
    const [session] = b.sessions.ofUser('by session');
    const draining = await drain(b);
    await a.sessions.revoke({ userId: 'by user' });
    await a.sessions.revoke({ sessionId: session!.id });
    await a.sessions.revoke({ tokenId: 'jti by token' });
    for (const client of [ofUser!, ofSession!, ofToken!]) {
      expect(await within(patienceMs, client.closed(), 'the session ends')).toEqual(revoked);
    }
    expect(await bystander!.ask('echo', 'still here')).toBe('still here');
    await a.sessions.revoke({ issuedBefore: Date.now() });
    expect(await within(patienceMs, bystander!.closed(), 'everybody ends')).toEqual(revoked);
    await draining.finish();
  });

  it('D2: still accepts clients until its sockets close, and no revoked token, and is not ready', async () => {
    await using a = await node({ ...long, package: name });
    await using b = await node({ ...long, package: name, providers: [HeldShutdown] });
    expect(b.health.isReady()).toBe(true);
    const draining = await drain(b);
    expect(b.health.check('ws-auth')).toEqual({ 'ws-auth': { status: 'down' } });
    const token = tokenOf('alice');
    await a.sessions.revoke({ userId: 'alice' });
    expect(await b.statusOf(token)).toBe(401);
    const late = await b.enter('bob');
    expect(await late.ask('echo', 1)).toBe(1);
    const left = late.closed();
    await draining.finish();
    expect(await left).toEqual(goingAway);
  });

  it('D2: ends its sessions with 1013 when it loses the store meanwhile', async () => {
    await using b = await node({
      package: name,
      maxStalenessMs: patient(500),
      providers: [HeldShutdown],
    });
    const client = await b.enter('alice');
    const draining = await drain(b);
    await server.kill();
    expect(await within(patienceMs, client.closed(), 'the session ends')).toEqual({
      code: 1013,
      reason: 'authentication unavailable',
    });
    expect(await b.statusOf()).toBe(503);
    await draining.finish();
  });
});

describe('a process that is told to end', () => {
  it('drains by SIGTERM alone, and ends', async () => {
    const settings = { url: server.url, redis: { keyPrefix }, drainMs: 1_000 };
    await using process = await NodeProcess.start(settings);
    const client = await process.enter('alice');
    const ended = process.terminate();
    expect(JSON.parse(await client.next())).toEqual({
      event: 'draining',
      data: { closesInMs: 500 },
    });
    expect(await client.closed()).toEqual(goingAway);
    expect(await ended).toEqual({ ...clean, code: null, signal: 'SIGTERM' });
  });
});

describe('a node that drains, with leases', () => {
  it('gives the place of a session back with its notice, so that its client finds one elsewhere', async () => {
    const limits = {
      maxSessionsPerUser: 1,
      onLimit: 'refuse',
      sessionLimitScope: 'cluster',
    } as const;
    await using a = await node(limits);
    await using b = await node(limits);
    const client = await b.enter('alice');
    expect(await a.statusOf(tokenOf('alice'))).toBe(429);
    const drained = b.sessions.drain({ overMs: 4_000 });
    expect(JSON.parse(await client.next())).toMatchObject({ event: 'draining' });
    await eventually(async () => (await a.statusOf(tokenOf('alice'))) === 101, 'a place');
    expect(b.sessions.count()).toBe(1);
    expect(await client.closed()).toEqual(goingAway);
    expect(await drained).toBe(1);
  });

  it('D2: renews the leases of its sessions until they end, and gives them back then', async () => {
    const limits = {
      maxSessionsPerUser: 1,
      onLimit: 'refuse',
      sessionLimitScope: 'cluster',
      maxStalenessMs: patient(1_000),
    } as const;
    await using a = await node(limits);
    await using b = await node({ ...limits, providers: [HeldShutdown] });
    await b.enter('alice');
    const draining = await drain(b);
    const key = `{${keyPrefix}}:leases-of:${Buffer.from('alice').toString('base64url')}`;
    const [session] = b.sessions.ofUser('alice');
    const lease = () => server.command('HGET', key, session!.id);
    const first = await lease();
    await eventually(async () => (await lease()) !== first, 'the lease is renewed');
    expect(await a.statusOf(tokenOf('alice'))).toBe(429);
    await draining.finish();
    expect(await a.statusOf(tokenOf('alice'))).toBe(101);
  });
});
