import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CaseOf } from './conformance-case.js';
import { claimOf, lifeMs } from './store-facts.js';
import type { StoreStage } from './store-stage.js';

/** How a store counts the sessions of a user on all nodes. */
export const leaseCases: readonly CaseOf<StoreStage>[] = [
  {
    id: 'lease-limit',
    name: 'gives a user as many leases as the limit allows, on all nodes together',
    async check({ first, second }) {
      const user = randomUUID();
      assert.deepEqual(await first.claimLease(claimOf(user)), []);
      assert.deepEqual(await second.claimLease(claimOf(user)), []);
      assert.equal(await first.claimLease(claimOf(user)), 'full');
      assert.equal(await second.claimLease(claimOf(user)), 'full');
      assert.deepEqual(await second.claimLease(claimOf(randomUUID())), []);
    },
  },
  {
    id: 'lease-race',
    name: 'grants no more leases than the limit to many simultaneous claims',
    async check({ first, second }) {
      const user = randomUUID();
      const claims = Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? first : second).claimLease(claimOf(user, { limit: 3 })),
      );
      const answers = await Promise.all(claims);
      assert.equal(answers.filter((answer) => answer !== 'full').length, 3);
    },
  },
  {
    id: 'lease-release',
    name: 'gives a lease that was released to the next claim',
    async check({ first, second }) {
      const user = randomUUID();
      const claim = claimOf(user, { limit: 1 });
      await first.claimLease(claim);
      await second.releaseLease({ userId: user, sessionId: 'another' });
      assert.equal(await second.claimLease(claimOf(user, { limit: 1 })), 'full');
      await second.releaseLease(claim);
      await second.releaseLease(claim);
      assert.deepEqual(await second.claimLease(claimOf(user, { limit: 1 })), []);
    },
  },
  {
    id: 'lease-oldest',
    name: 'names the sessions to end for a new one, the oldest first',
    async check({ first, second }) {
      const user = randomUUID();
      const claims = [0, 1, 2].map(() => claimOf(user, { limit: 3 }));
      for (const claim of claims) {
        await first.claimLease(claim);
      }
      const newest = claimOf(user, { limit: 2, onLimit: 'closeOldest' });
      assert.deepEqual(await second.claimLease(newest), [
        claims[0]!.sessionId,
        claims[1]!.sessionId,
      ]);
      const next = claimOf(user, { limit: 2, onLimit: 'closeOldest' });
      assert.deepEqual(await first.claimLease(next), [claims[2]!.sessionId]);
    },
  },
  {
    id: 'lease-again',
    name: 'lets a session that claims again keep one lease',
    async check({ first, second }) {
      const user = randomUUID();
      const claim = claimOf(user, { limit: 1 });
      await first.claimLease(claim);
      assert.deepEqual(await second.claimLease(claim), []);
      assert.equal(await first.claimLease(claimOf(user, { limit: 1 })), 'full');
    },
  },
  {
    id: 'lease-timeout',
    name: 'frees a lease that has run out, and none that was renewed',
    async check({ first, second, waiting }) {
      const user = randomUUID();
      const short = claimOf(user, { leaseMs: 1 });
      const renewed = claimOf(user, { leaseMs: 1 });
      await first.claimLease(renewed);
      await first.renewLeases([renewed], lifeMs);
      await first.claimLease(short);
      await waiting.until(
        'the end of the lease',
        async () => (await second.claimLease(claimOf(user))) !== 'full',
      );
      assert.equal(await first.claimLease(claimOf(user)), 'full');
    },
  },
  {
    id: 'lease-renewal',
    name: 'restores a lease that was lost, and keeps the age of one that was not',
    async check({ first, second }) {
      const user = randomUUID();
      const [older, younger, lost] = [claimOf(user), claimOf(user), claimOf(user)];
      await first.claimLease(older);
      await first.claimLease(younger);
      await second.renewLeases([lost, younger, older], lifeMs);
      assert.equal(await first.claimLease(claimOf(user, { limit: 3 })), 'full');
      const newest = claimOf(user, { limit: 3, onLimit: 'closeOldest' });
      assert.deepEqual(await first.claimLease(newest), [older.sessionId]);
    },
  },
  {
    id: 'lease-thousands',
    name: 'renews thousands',
    async check({ first, second }) {
      const leases = Array.from({ length: 2_500 }, () => claimOf(randomUUID(), { limit: 1 }));
      await first.renewLeases(leases, lifeMs);
      for (const { userId } of [leases[0]!, leases.at(-1)!]) {
        assert.equal(await second.claimLease(claimOf(userId, { limit: 1 })), 'full');
      }
    },
  },
];
