import { expect, it } from 'vitest';
import {
  fromQueryParam,
  WsAuthConfigurationError,
  WsAuthSessions,
  WsTickets,
  type TicketOptions,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';

const viaTicket: WsAuthModuleOptions = {
  strategy: 'ws-ticket',
  credentials: [fromQueryParam('ticket')],
  tickets: {},
  trustProxy: 1,
};

async function ticketFor(app: TestApp, user: object, options?: TicketOptions): Promise<string> {
  return (await app.nest.get(WsTickets).issue(user, options)).ticket;
}

it.each(['', 'unknown', '_hidden', 'unix:', 'localhost', '1.2.3', undefined, null, 7])(
  'K4c: issues no ticket that is bound to the address %j',
  async (address) => {
    await using app = await startProtected(viaTicket);
    const options = { address } as TicketOptions;
    const issued = app.nest.get(WsTickets).issue({ id: 'alice' }, options);
    await expect(issued).rejects.toThrow(WsAuthConfigurationError);
    await expect(issued).rejects.toThrow('address: expected the IPv4 or IPv6 address');
  },
);

it.each([
  ['[2001:db8:1::1]:51234', '2001:db8:1::2'],
  ['203.0.113.7', '::ffff:203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7:4242'],
])('K4c: a ticket for %s is good for a client at %s', async (address, from) => {
  await using app = await startProtected(viaTicket);
  const ticket = await ticketFor(app, { id: 'alice' }, { address });
  const headers = { 'x-forwarded-for': from };
  const client = await app.connect(`/?ticket=${ticket}`, { headers }).opened();
  expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
});

it.each(['unknown', '_hidden', 'unix:', 'for=203.0.113.7', '203.0.113.8'])(
  'K4c: a ticket for an address is not good for a client at %s',
  async (from) => {
    await using app = await startProtected(viaTicket);
    const ticket = await ticketFor(app, { id: 'alice' }, { address: '203.0.113.7' });
    const headers = { 'x-forwarded-for': from };
    expect(await app.connect(`/?ticket=${ticket}`, { headers }).refusal()).toMatchObject({
      status: 401,
    });
  },
);

const keyless = [{ email: 'a@b' }, { id: '' }, { id: {} }, { sub: null }];

it.each(keyless)(
  'K10d: a ticket of the user %o, which has no key, outlives those of others',
  async (user) => {
    await using app = await startProtected({ ...viaTicket, tickets: { maxPerUser: 1 } });
    const victim = await ticketFor(app, user);
    for (const other of [...keyless, ...keyless]) {
      await ticketFor(app, other);
    }
    await app.connect(`/?ticket=${victim}`).opened();
  },
);

it('K10d: a user with a key still has maxPerUser tickets, and all users have maxTotal', async () => {
  await using app = await startProtected({ ...viaTicket, tickets: { maxPerUser: 1, maxTotal: 2 } });
  const [first, second] = [await ticketFor(app, { id: 7 }), await ticketFor(app, { id: '7' })];
  expect(await app.connect(`/?ticket=${first}`).refusal()).toMatchObject({ status: 401 });
  await ticketFor(app, { email: 'a@b' });
  await ticketFor(app, { email: 'a@b' });
  expect(await app.connect(`/?ticket=${second}`).refusal()).toMatchObject({ status: 401 });
});

it('K10d: warns once that maxPerUser does not bound users without a key', async () => {
  const warnings: string[] = [];
  const warn = (line: string) => void warnings.push(line);
  const logger = { log: () => undefined, error: () => undefined, warn };
  await using app = await startProtected(viaTicket, [], { logger });
  await ticketFor(app, { email: 'a@b' });
  await ticketFor(app, { email: 'c@d' });
  expect(warnings.filter((line) => line.startsWith('userId: '))).toHaveLength(1);
});

it.each<[object, string]>([
  [{ id: 42n }, '42'],
  [{ _id: { toString: () => 'hex', toJSON: () => 'hex' } }, 'hex'],
])('K2a: the session of a ticket has the key of its user %o', async (user, key) => {
  await using app = await startProtected(viaTicket);
  const ticket = await ticketFor(app, user);
  await app.connect(`/?ticket=${ticket}`).opened();
  expect(app.nest.get(WsAuthSessions).ofUser(key)).toHaveLength(1);
});

it.each([
  ['a promise', () => Promise.resolve({ id: 'alice' })],
  ['a promise that rejects', () => Promise.reject(new Error('not found'))],
  // oxlint-disable-next-line unicorn/no-thenable -- a query that its caller forgot to await
  ['a thenable', () => ({ then: (resolve: (user: object) => void) => resolve({ id: 'alice' }) })],
])(
  'K12d: issues no ticket for %s of a user, which would stand for a user without a field',
  async (_what, find) => {
    await using app = await startProtected(viaTicket);
    const issued = app.nest.get(WsTickets).issue(find());
    await expect(issued).rejects.toThrow('user: expected an object, as strategies return it');
  },
);

it.each([
  { id: { toString: (): string => 'lost' } },
  { id: { toString: (): string => 'lost', toJSON: () => 'other' } },
  { toJSON: () => 'alice', id: 'alice' },
])('K2a: issues no ticket for a user that loses its key in JSON: %o', async (user) => {
  await using app = await startProtected(viaTicket);
  const issued = app.nest.get(WsTickets).issue(user);
  await expect(issued).rejects.toThrow(WsAuthConfigurationError);
  await expect(issued).rejects.toThrow('its key (userId) is another once JSON has carried it');
});

it.each<[object, RegExp]>([
  ...['chat', '', 'wss://example.com/chat', '/chat?room=1', '//chat', '#chat', 7, null].map(
    (path): [object, RegExp] => [{ path }, /^path: expected the path of a gateway/],
  ),
  ...['', 7, {}, null].map((sessionId): [object, RegExp] => [
    { sessionId },
    /^sessionId: expected the id of a session, got/,
  ]),
  ...['jwt', 7, [1], null].map((info): [object, RegExp] => [
    { info },
    /^info: expected an object, got/,
  ]),
  ...['example.com', '', 7, null, {}].map((origin): [object, RegExp] => [
    { origin },
    /^origin: expected an origin such as/,
  ]),
  [{ ttlMs: '1000' }, /^ttlMs: /],
  [{ adress: '203.0.113.7' }, /^adress: unknown option; did you mean address\?/],
])('K11a: issues no ticket with %o, which no client could use', async (options, message) => {
  await using app = await startProtected(viaTicket);
  const issued = app.nest.get(WsTickets).issue({ id: 'alice' }, options);
  await expect(issued).rejects.toThrow(WsAuthConfigurationError);
  await expect(issued).rejects.toThrow(message);
});

it.each(['/', undefined])('TK-05: a ticket for the path %j is good there', async (path) => {
  await using app = await startProtected(viaTicket);
  const options = { ...(path !== undefined && { path }), info: { exp: 4e9 } };
  const ticket = await ticketFor(app, { id: 'alice' }, options);
  await app.connect(`/?ticket=${encodeURIComponent(ticket)}&a=1`).opened();
});
