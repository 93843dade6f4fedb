import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import type { LeaseAnswer, LeaseClaim, SessionLease } from '../store/ws-auth-store.js';
import { claimLeaseScript, renewLeasesScript } from './redis-scripts.js';
import { textOf } from './redis-stream.js';

/** Leases that one command renews, so that none takes longer than its time-out. */
const pageSize = 1_000;

/** Keeps the leases of sessions in Redis: a hash for each user. */
export class RedisLeases {
  constructor(
    private readonly keyOf: (userId: string) => string,
    private readonly send: (command: readonly string[]) => Promise<unknown>,
  ) {}

  async claim({ userId, sessionId, limit, leaseMs, onLimit }: LeaseClaim): Promise<LeaseAnswer> {
    const args = [sessionId, String(limit), String(leaseMs), onLimit];
    const reply = await this.send(['EVAL', claimLeaseScript, '1', this.keyOf(userId), ...args]);
    if (textOf(reply) === 'full') {
      return 'full';
    }
    if (!Array.isArray(reply)) {
      throw new WsAuthStoreError('redis answered something else than sessions');
    }
    return reply.map((each) => textOf(each) ?? '');
  }

  async renew(leases: readonly SessionLease[], leaseMs: number): Promise<void> {
    for (let index = 0; index < leases.length; index += pageSize) {
      const page = leases.slice(index, index + pageSize);
      const keys = page.map(({ userId }) => this.keyOf(userId));
      const args = [String(leaseMs), ...page.map(({ sessionId }) => sessionId)];
      await this.send(['EVAL', renewLeasesScript, String(keys.length), ...keys, ...args]);
    }
  }

  async release({ userId, sessionId }: SessionLease): Promise<void> {
    await this.send(['HDEL', this.keyOf(userId), sessionId]);
  }
}
