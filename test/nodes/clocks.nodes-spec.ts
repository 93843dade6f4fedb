import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreClocks, useFakeClock } from '../support/clocks.js';
import { patienceMs } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { startNode, statusOf, type TestNode } from './node.js';
import { packages } from './redis-clients.js';
import { vi } from 'vitest';

const strategy = ['jwt', 'ws-ticket'];
const aheadMs = 300_000;

let server: RedisServer;
let keyPrefix: string;
beforeEach(async () => {
  server = await RedisServer.start();
  keyPrefix = `test-${randomUUID()}`;
});
afterEach(() => server[Symbol.asyncDispose]());
restoreClocks();

/** Runs as on a node whose clock differs from that of all others, and from that of Redis. */
async function withClockOff<Value>(byMs: number, run: () => Promise<Value>): Promise<Value> {
  useFakeClock(Date.now() + byMs);
  try {
    return await run();
  } finally {
    vi.useRealTimers();
  }
}

/** A token that was issued in the present second, and a moment after every revocation before. */
function freshToken(user: string): string {
  return tokenOf(user, { iat: Date.now() / 1_000 });
}

describe.each(packages)('a node whose clock is off, with %s', (name) => {
  const start = (): Promise<TestNode> =>
    startNode(server.url, { package: name, strategy, redis: { keyPrefix } });

  it.each([aheadMs, -aheadMs])(
    'D5: a revocation by a node whose clock is off by %i ms keeps no newer login out, and no older one in',
    async (byMs) => {
      await using a = await start();
      await using b = await start();
      // The second one opens no session, so that only the instant of the revocation refuses it.
      const [old, unused] = [
        freshToken('alice'),
        tokenOf('alice', { iat: Date.now() / 1_000 - 1 }),
      ];
      const clients = [await a.knock(old).opened(), await b.knock(old).opened()];
      await withClockOff(byMs, () => b.sessions.revoke({ userId: 'alice' }));
      for (const client of clients) {
        const closed = within(patienceMs, client.closed(), 'the session ends');
        expect(await closed).toEqual({ code: 3000, reason: 'revoked' });
      }
      expect([await a.statusOf(old), await b.statusOf(old)]).toEqual([401, 401]);
      expect([await a.statusOf(unused), await b.statusOf(unused)]).toEqual([401, 401]);
      const newer = freshToken('alice');
      expect([await a.statusOf(newer), await b.statusOf(newer)]).toEqual([101, 101]);
    },
  );

  it.each([aheadMs, -aheadMs])(
    'D5: a revocation that a node whose clock is off by %i ms cannot publish keeps no newer login out of it, and no older one in',
    async (byMs) => {
      await using b = await start();
      const old = freshToken('alice');
      const client = await b.knock(old).opened();
      server.freeze();
      await withClockOff(byMs, () =>
        expect(b.sessions.revoke({ userId: 'alice' })).rejects.toThrow(),
      );
      server.thaw();
      const closed = within(patienceMs, client.closed(), 'the session ends');
      expect(await closed).toEqual({ code: 3000, reason: 'revoked' });
      await eventually(() => b.health.isReady(), 'the node is ready again');
      const other = tokenOf('alice', { iat: Math.floor(Date.now() / 1_000) - 60 });
      expect([await b.statusOf(old), await b.statusOf(other)]).toEqual([401, 401]);
      // The revocation is published, and dated, beside the readings that make the node ready.
      const isIn = async () => (await b.statusOf(freshToken('alice'))) === 101;
      await eventually(isIn, 'a newer login is accepted');
    },
  );

  it.each([aheadMs, -aheadMs])(
    'D5: a ticket of a node whose clock is off by %i ms is good after, and bad before, a revocation of its user',
    async (byMs) => {
      await using a = await start();
      await using b = await start();
      const issue = () => withClockOff(byMs, () => b.tickets.issue({ id: 'alice' }));
      const { ticket: old } = await issue();
      await a.sessions.revoke({ userId: 'alice' });
      // What is issued in the millisecond of a revocation is older.
      const revokedAt = Date.now();
      await eventually(() => Date.now() > revokedAt, 'a millisecond has gone');
      const { ticket: newer } = await issue();
      const take = (ticket: string) =>
        statusOf(a.app.connect('/', { headers: { authorization: `Bearer ${ticket}` } }));
      expect([await take(old), await take(newer)]).toEqual([401, 101]);
    },
  );
});
