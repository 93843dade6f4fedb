import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  fromQueryParam,
  MemoryWsAuthStore,
  WsAuthSessions,
  WsTickets,
  type WsAuthModuleOptions,
  type WsAuthStore,
} from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { bearer, tokenOf } from '../support/tokens.js';

/** What a store may answer by mistake, by what it is. */
const answers: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  zero: 0,
  'an empty text': '',
  'a text': 'no',
  'a number that is not one': Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  'an object': {},
  'a list of lists': [[]],
  'a symbol': Symbol('answer'),
};

/** A store that gives one answer by mistake. */
function storeThat(method: 'isRevoked' | 'claimLease' | 'now', answer: unknown): MemoryWsAuthStore {
  return Object.assign(new MemoryWsAuthStore(), { [method]: () => Promise.resolve(answer) });
}

describe.each(Object.entries(answers))('a store that answers %s', (_name, answer) => {
  it('RD-11: to isRevoked() opens nothing', async () => {
    await using app = await startProtected({ store: storeThat('isRevoked', answer) });
    expect((await app.connect('/', bearer()).refusal()).status).toBe(503);
  });

  it('RD-11: to isRevoked() makes no ticket of a session good', async () => {
    const viaTicket: WsAuthModuleOptions = {
      strategy: 'ws-ticket',
      credentials: [fromQueryParam('ticket')],
      tickets: {},
    };
    await using app = await startProtected({ ...viaTicket, store: storeThat('isRevoked', answer) });
    const options = { sessionId: 'unknown' };
    const { ticket } = await app.nest.get(WsTickets).issue({ id: 'alice' }, options);
    expect((await app.connect(`/?ticket=${ticket}`).refusal()).status).toBe(503);
  });

  it('RD-11: to claimLease() gives no session a place', async () => {
    await using app = await startProtected({
      store: storeThat('claimLease', answer),
      sessionLimitScope: 'cluster',
      maxSessionsPerUser: 1,
      onLimit: 'refuse',
    });
    expect((await app.connect('/', bearer()).refusal()).status).toBe(503);
  });

  it('RD-11: to now() publishes no revocation, and the caller learns that', async () => {
    await using app = await startProtected({ store: storeThat('now', answer) });
    const client = await app.connect('/', bearer(tokenOf('alice'))).opened();
    const sessions = app.nest.get(WsAuthSessions);
    await expect(sessions.revoke({ userId: 'alice' })).rejects.toThrow('now() of the store');
    expect(await client.closed()).toMatchObject({ code: 3000, reason: 'revoked' });
  });
});

type Call = (sessions: WsAuthSessions, tickets: WsTickets) => Promise<unknown>;

const alice = { userId: 'alice' };
const revoke: Call = (sessions) => sessions.revoke(alice);
const issue: Call = (_sessions, tickets) => tickets.issue({ id: 'alice' });

/** Methods of a store, and a call of the application that waits for each. */
const calls: readonly (readonly [keyof WsAuthStore, string, Call])[] = [
  ['putTicket', 'tickets.issue()', issue],
  ['now', 'tickets.issue()', issue],
  ['now', 'sessions.revoke()', revoke],
  ['addRevocation', 'sessions.revoke()', revoke],
  [
    'addRevocation',
    'sessions.disconnect()',
    (sessions) => sessions.disconnect(alice, { scope: 'cluster' }),
  ],
  ['presenceOf', 'sessions.listCluster()', (sessions) => sessions.listCluster('alice')],
  ['presenceOf', 'sessions.rebalance()', (sessions) => sessions.rebalance({ overMs: 0 })],
];

describe('a store that never answers', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(calls)('K6c: to %s() fails %s', async (method, _name, call) => {
    const store = Object.assign(new MemoryWsAuthStore(), {
      [method]: () => new Promise(() => undefined),
    });
    await using app = await startProtected({ tickets: {}, presence: true, store });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const called = call(app.nest.get(WsAuthSessions), app.nest.get(WsTickets));
    const failed = expect(called).rejects.toThrow('the store did not answer in time');
    await vi.advanceTimersByTimeAsync(10_000);
    await failed;
    vi.useRealTimers();
  });
});
