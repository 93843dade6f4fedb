import { createHash } from 'node:crypto';
import { Controller, Header, Inject, Post, Req, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  MemoryWsAuthStore,
  WsAuthConfigurationError,
  WsAuthModule,
  WsTickets,
  type IssuedTicket,
  type TicketOptions,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { RedisServer } from '../support/redis.js';
import { startApp, startProtected } from '../support/app.js';
import { useFakeClock } from '../support/clocks.js';
import type { TestClient } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { JwtStrategy, type TestUser } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { within } from './eventually.js';
import { startNode, statusOf, TestNode, type NodeOptions } from './node.js';
import { patient } from '../support/patience.js';

const strategy = 'ws-ticket';
const alice = { id: 'alice' };
const everyWay: WsAuthModuleOptions = {
  credentials: [
    fromAuthorizationHeader(),
    fromQueryParam('ticket', { strategy }),
    fromSubprotocol({ strategy }),
    fromCookie('ticket', { strategy }),
    fromFirstMessage({ strategy }),
  ],
};
const onlyInQuery: WsAuthModuleOptions = {
  credentials: [fromAuthorizationHeader(), fromQueryParam('ticket', { strategy })],
};

afterEach(() => {
  vi.useRealTimers();
});

/** A node on a store in memory, so that a test may move its clock. */
async function alone(options: NodeOptions = {}): Promise<TestNode> {
  const store = new MemoryWsAuthStore();
  const app = await startProtected({ ...everyWay, tickets: {}, ...options, store });
  const client = { store, command: () => Promise.reject(new Error('no Redis')) };
  return new TestNode(app, { ...client, [Symbol.asyncDispose]: () => Promise.resolve() });
}

function present(node: TestNode, ticket: string): TestClient {
  return node.app.connect(`/?ticket=${ticket}`);
}

async function ticketFor(node: TestNode, options: TicketOptions = {}): Promise<string> {
  return (await node.tickets.issue(alice, options)).ticket;
}

describe('a ticket', () => {
  const ways: Record<string, (node: TestNode, ticket: string) => TestClient> = {
    fromQueryParam: present,
    fromSubprotocol: (node, ticket) =>
      node.app.connect('/', { protocols: ['chat', `bearer.${ticket}`] }),
    fromCookie: (node, ticket) =>
      node.app.connect('/', { headers: { cookie: `ticket=${ticket}`, origin: node.app.origin } }),
  };

  it.each(Object.entries(ways))('lets its user in by %s, once', async (via, knock) => {
    await using node = await alone();
    const ticket = await ticketFor(node);
    const client = await knock(node, ticket).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via });
    // A first message may follow a cookie that is spent.
    expect(await statusOf(knock(node, ticket))).toBe(via === 'fromCookie' ? 101 : 401);
    expect(node.sessions.count()).toBe(1);
  });

  it('lets its user in by a first message, once', async () => {
    await using node = await alone();
    const token = await ticketFor(node);
    const client = await node.app.connect().opened();
    client.emit('authenticate', { token });
    await client.next();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromFirstMessage' });
    const again = await node.app.connect().opened();
    again.emit('authenticate', { token });
    expect((await again.closed()).code).toBe(3000);
  });

  it('is accepted beside tokens in the header, where it is not valid itself', async () => {
    await using node = await alone();
    const ticket = await ticketFor(node);
    expect(await statusOf(node.knock(tokenOf('bob')))).toBe(101);
    expect(await statusOf(node.knock(ticket))).toBe(401);
    expect(await statusOf(node.knock(tokenOf('bob'), `/?ticket=${ticket}`))).toBe(400);
    expect(await statusOf(present(node, tokenOf('bob')))).toBe(401);
    expect(await statusOf(present(node, ticket)), 'nobody has judged it yet').toBe(101);
  });

  it('carries its user and info to the session, which ends with `exp`', async () => {
    await using node = await alone();
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const ticket = await ticketFor(node, { info: { exp, scope: 'read' } });
    await present(node, ticket).opened();
    const [session] = node.sessions.ofUser('alice');
    expect(session).toMatchObject({ strategy, expiresAt: exp * 1_000, user: alice });
    expect(session!.info).toMatchObject({ scope: 'read' });
  });

  it('TK-02 is spent by its first presentation: after success, after a refusal, after an abort', async () => {
    await using node = await alone({ maxSessionsPerUser: 1 });
    const [used, refused, left] = await Promise.all([
      ticketFor(node),
      ticketFor(node),
      ticketFor(node),
    ]);
    await present(node, used).opened();
    expect(await statusOf(present(node, used))).toBe(401);
    expect(await statusOf(present(node, refused)), 'one session too many').toBe(429);
    node.sessions.disconnect({ userId: 'alice' });
    expect(await statusOf(present(node, refused))).toBe(401);
    const taken = vi.spyOn(node.client.store, 'takeTicket');
    const leaving = present(node, left);
    await vi.waitUntil(() => taken.mock.calls.length > 0);
    leaving.socket.terminate();
    await leaving.closed();
    expect(await statusOf(present(node, left))).toBe(401);
  });

  it.each([
    [29_999, 101],
    [30_000, 401],
    [30_001, 401],
  ])('TK-03 is good for 30,000 ms: after %i ms it is answered by %i', async (age, status) => {
    useFakeClock();
    await using node = await alone();
    const { ticket, expiresAt } = await node.tickets.issue(alice);
    expect(expiresAt).toBe(Date.now() + 30_000);
    vi.setSystemTime(Date.now() + age);
    expect(await statusOf(present(node, ticket))).toBe(status);
  });

  const elsewhere: [string, TicketOptions][] = [
    ['path', { path: '/other' }],
    ['origin', { origin: 'https://elsewhere.example' }],
    ['address', { address: '192.0.2.1' }],
    ['address', { address: '2001:db8::1' }],
  ];
  it.each(elsewhere)('TK-05 is refused and spent at another %s: %o', async (_what, bound) => {
    await using node = await alone();
    const ticket = await ticketFor(node, bound);
    const take = vi.spyOn(node.client.store, 'takeTicket');
    expect(await statusOf(present(node, ticket))).toBe(401);
    expect(await take.mock.results[0]?.value).toBeDefined();
    expect(await statusOf(present(node, ticket))).toBe(401);
    expect(await take.mock.results[1]?.value).toBeUndefined();
  });

  it('is good where it is bound to, however that is written', async () => {
    await using node = await alone({ trustProxy: 'loopback' });
    const origin = 'https://APP.example:443';
    const ticket = await ticketFor(node, { path: '/', origin, address: '2001:db8:0:1::7' });
    const headers = { origin: 'https://app.example', 'x-forwarded-for': '2001:db8:0:1::9' };
    expect(await statusOf(node.app.connect(`/?ticket=${ticket}`, { headers }))).toBe(101);
    const mapped = await ticketFor(node, { address: '::ffff:127.0.0.1' });
    expect(await statusOf(present(node, mapped))).toBe(101);
  });

  it('is not a ticket for a page without an origin if it is bound to one', async () => {
    await using node = await alone();
    expect(
      await statusOf(present(node, await ticketFor(node, { origin: 'https://a.example' }))),
    ).toBe(401);
  });

  it('TK-06 is refused once the session that asked for it is revoked, or its token, or its user', async () => {
    await using node = await alone();
    const open = async (jti: string) => {
      await node.enter('alice', { jti });
      return node.sessions.ofUser('alice').at(-1)!.id;
    };
    const [one, two, three] = [await open('one'), await open('two'), await open('three')];
    const tickets = await Promise.all(
      [one, two, three].map((sessionId) => ticketFor(node, { sessionId })),
    );
    await node.sessions.revoke({ sessionId: one });
    await node.sessions.revoke({ tokenId: 'two' });
    expect(await statusOf(present(node, tickets[0]!))).toBe(401);
    expect(await statusOf(present(node, tickets[1]!))).toBe(401);
    await node.sessions.revoke({ userId: 'alice' });
    expect(await statusOf(present(node, tickets[2]!))).toBe(401);
  });

  it('TK-06 is refused once the session that asked for it has expired', async () => {
    useFakeClock();
    await using node = await alone();
    await node.enter('alice', { exp: Date.now() / 1_000 + 10 });
    const sessionId = node.sessions.ofUser('alice')[0]!.id;
    const [early, late] = [
      await ticketFor(node, { sessionId }),
      await ticketFor(node, { sessionId }),
    ];
    expect(await statusOf(present(node, early))).toBe(101);
    vi.setSystemTime(Date.now() + 10_000);
    expect(await statusOf(present(node, late))).toBe(401);
  });

  it('is refused if its user is revoked in the millisecond in which it was issued, and good a millisecond later', async () => {
    useFakeClock();
    await using node = await alone();
    for (let round = 0; round < 200; round += 1) {
      vi.setSystemTime(1_763_800_000_000 + round * 7_919);
      const userId = `user ${round}`;
      const { ticket: before } = await node.tickets.issue({ id: userId });
      await node.sessions.revoke({ userId });
      vi.setSystemTime(Date.now() + 1);
      const { ticket: after } = await node.tickets.issue({ id: userId });
      const statuses = [
        await statusOf(present(node, before)),
        await statusOf(present(node, after)),
      ];
      expect(statuses, `round ${round}`).toEqual([401, 101]);
    }
  });

  it('TK-10 has 256 random bits, base64url, and never comes twice in 100,000', async () => {
    await using node = await alone({ tickets: { maxPerUser: 100, maxTotal: 1_000 } });
    const seen = new Set<string>();
    for (let count = 0; count < 100_000; count += 1) {
      seen.add((await node.tickets.issue(alice)).ticket);
    }
    expect(seen.size).toBe(100_000);
    expect([...seen].every((ticket) => /^[\w-]{43}$/.test(ticket))).toBe(true);
    const counts = Array.from({ length: 256 }, () => 0);
    for (const ticket of seen) {
      Buffer.from(ticket, 'base64url').forEach((byte) => (counts[byte]! += 1));
    }
    const expected = (seen.size * 32) / 256;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(400);
  });

  it('TK-09 drops the oldest of 10,000 tickets of one user, and none of other users', async () => {
    await using node = await alone();
    const bobs = (await node.tickets.issue({ id: 'bob' })).ticket;
    const mine: string[] = [];
    for (let count = 0; count < 10_000; count += 1) {
      mine.push(await ticketFor(node));
    }
    expect(await statusOf(present(node, mine.at(-101)!))).toBe(401);
    expect(await statusOf(present(node, mine.at(-100)!))).toBe(101);
    expect(await statusOf(present(node, mine.at(-1)!))).toBe(101);
    expect(await statusOf(present(node, bobs))).toBe(101);
  });

  it('TK-14 appears in no log line, no event and no answer, whether it was good or not', async () => {
    const lines: string[] = [];
    const write = (...texts: unknown[]) => lines.push(texts.map(String).join(' '));
    const logger = { log: write, error: write, warn: write, debug: write, verbose: write };
    await using app = await startProtected({ ...everyWay, tickets: {} }, [], { logger });
    await using node = new TestNode(app, {
      store: new MemoryWsAuthStore(),
      command: () => Promise.reject(new Error('no Redis')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
    const ticket = await ticketFor(node);
    const client = await present(node, ticket).opened();
    const { headers, body } = await present(node, ticket).refusal();
    const said = [...lines, JSON.stringify(headers), body, JSON.stringify(client.unread)].join(
      '\n',
    );
    expect(said).not.toContain(ticket);
    expect(said).not.toContain(createHash('sha256').update(ticket).digest('base64url'));
  });

  it('is issued within bounds only', async () => {
    await using node = await alone();
    const odd: TicketOptions[] = [
      { ttlMs: 999 },
      { ttlMs: 300_001 },
      { ttlMs: Number.NaN },
      { origin: 'app.example' },
      { origin: 'https://app.example/path' },
    ];
    for (const options of odd) {
      await expect(node.tickets.issue(alice, options)).rejects.toThrow(WsAuthConfigurationError);
    }
    for (const user of [null, 'alice', ['alice']] as unknown as object[]) {
      await expect(node.tickets.issue(user)).rejects.toThrow('user: expected an object');
    }
    await using without = await startProtected();
    const tickets = without.nest.get(WsTickets);
    await expect(tickets.issue(alice)).rejects.toThrow('tickets: not configured');
  });
});

/** The pattern for handing tickets out: by POST, behind an HTTP guard, and never stored by caches. */
@Controller('ws-tickets')
class TicketController {
  constructor(@Inject(WsTickets) private readonly tickets: WsTickets) {}

  @Post()
  @UseGuards(AuthGuard('jwt'))
  @Header('Cache-Control', 'no-store')
  issue(@Req() { user }: { readonly user: TestUser }): Promise<IssuedTicket> {
    return this.tickets.issue(user);
  }
}

describe('TK-08 a route that issues tickets', () => {
  it('answers POST with a token, and neither GET, nor a missing credential, nor a ticket', async () => {
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ ...everyWay, strategy: 'jwt', tickets: {} })],
      controllers: [TicketController],
      providers: [JwtStrategy, EchoGateway],
    });
    const url = `${app.origin}/ws-tickets`;
    const headers = { authorization: `Bearer ${tokenOf('alice')}` };
    const answer = await ask(url, { method: 'POST', headers });
    expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store']);
    const { ticket } = JSON.parse(answer.body) as IssuedTicket;
    expect((await ask(url, { headers })).status).toBe(404);
    expect((await ask(url, { method: 'POST' })).status).toBe(401);
    const asTicket = { authorization: `Bearer ${ticket}` };
    expect((await ask(url, { method: 'POST', headers: asTicket })).status).toBe(401);
    const client = await app.connect(`/?ticket=${ticket}`).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromQueryParam' });
  });
});

describe('tickets on three nodes', () => {
  let server: RedisServer;
  let nodes: TestNode[];
  beforeAll(async () => {
    server = await RedisServer.start();
    nodes = [
      await startNode(server.url, onlyInQuery),
      await startNode(server.url, { ...onlyInQuery, package: 'ioredis' }),
      await startNode(server.url, onlyInQuery),
    ];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await server[Symbol.asyncDispose]();
  });

  const nodeAt = (index: number) => nodes[index % nodes.length]!;

  it('TK-01 gives a ticket to exactly one of 20 sockets on three nodes, 25 times', async () => {
    for (let round = 0; round < 25; round += 1) {
      const ticket = await ticketFor(nodeAt(round));
      const clients = Array.from({ length: 20 }, (_, index) => present(nodeAt(index), ticket));
      const statuses = await within(
        patient(60_000),
        Promise.all(clients.map(statusOf)),
        'all have an answer',
      );
      expect(statuses.filter((status) => status === 101)).toHaveLength(1);
      expect(statuses.filter((status) => status === 401)).toHaveLength(19);
      clients.forEach((client) => client.socket.terminate());
    }
  });

  it('K10d: is not evicted by the tickets of others, where its user has no key', async () => {
    const { ticket } = await nodeAt(0).tickets.issue({ email: 'victim@example.com' });
    for (let count = 0; count < 150; count += 1) {
      await nodeAt(count).tickets.issue({ email: 'other@example.com' });
    }
    expect(await statusOf(present(nodeAt(1), ticket))).toBe(101);
  });

  it('TK-12 lives by the clock of Redis, whatever the clocks of the nodes show', async () => {
    const [{ ticket: ahead }, { ticket: behind }] = await Promise.all([
      nodeAt(0).tickets.issue(alice, { ttlMs: 5_000 }),
      nodeAt(0).tickets.issue(alice, { ttlMs: 5_000 }),
    ]);
    useFakeClock();
    vi.setSystemTime(Date.now() + 10_000);
    expect(await statusOf(present(nodeAt(1), ahead))).toBe(101);
    vi.setSystemTime(Date.now() - 20_000);
    expect(await statusOf(present(nodeAt(2), behind))).toBe(101);
  });

  it('RD-16 keeps a ticket in Redis for its life and no longer, and nothing of the ticket itself', async () => {
    const { ticket } = await nodeAt(0).tickets.issue(alice, { ttlMs: 5_000 });
    const digest = createHash('sha256').update(ticket).digest('base64url');
    const key = `{ws-auth}:ticket:${Buffer.from(digest).toString('base64url')}`;
    const left = Number(await nodeAt(0).client.command('PTTL', key));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(5_000);
    const stored = `${key} ${String(await nodeAt(0).client.command('GET', key))}`;
    expect(stored).not.toContain(ticket);
    await nodeAt(0).client.command('PEXPIRE', key, '0');
    expect(await statusOf(present(nodeAt(1), ticket))).toBe(401);
  });

  it('TK-06 is refused on C once A has revoked the session that asked B for it', async () => {
    await nodeAt(1).enter('alice');
    const sessionId = nodeAt(1).sessions.ofUser('alice').at(-1)!.id;
    const ticket = await ticketFor(nodeAt(1), { sessionId });
    await nodeAt(0).sessions.revoke({ sessionId });
    expect(await statusOf(present(nodeAt(2), ticket))).toBe(401);
  });
});
