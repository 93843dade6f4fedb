import { describe, expect, it } from 'vitest';
import {
  fromQueryParam,
  MemoryWsAuthStore,
  WsAuthSessions,
  WsTickets,
  type WsAuthModuleOptions,
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
