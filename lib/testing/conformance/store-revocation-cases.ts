import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CaseOf } from './conformance-case.js';
import { revocationOf } from './store-facts.js';
import type { StoreStage } from './store-stage.js';

/** What a store answers about revocations. */
export const revocationCases: readonly CaseOf<StoreStage>[] = [
  {
    id: 'revocation-none',
    name: 'revokes no user without a revocation',
    async check({ second }) {
      assert.equal(await second.isRevoked({}), false);
      assert.equal(
        await second.isRevoked({ userId: randomUUID(), tokenId: randomUUID(), issuedAt: 1 }),
        false,
      );
      assert.equal(await second.isRevoked({ sessionId: randomUUID() }), false);
    },
  },
  {
    id: 'revocation-instant',
    name: 'revokes what a user was issued up to an instant, that instant included',
    async check({ first, second }) {
      const revocation = revocationOf({ before: 1_763_800_000_000.5 });
      await first.addRevocation(revocation);
      const userId = revocation.id;
      assert.equal(await second.isRevoked({ userId, issuedAt: revocation.before - 1 }), true);
      assert.equal(await second.isRevoked({ userId, issuedAt: revocation.before }), true);
      assert.equal(await second.isRevoked({ userId, issuedAt: revocation.before + 0.25 }), false);
      assert.equal(await second.isRevoked({ userId }), true);
      assert.equal(await second.isRevoked({ userId: `${userId}x`, issuedAt: 1 }), false);
    },
  },
  {
    id: 'revocation-latest',
    name: 'keeps the later of two revocations of one user',
    async check({ first, second }) {
      const revocation = revocationOf({ before: 2_000 });
      await first.addRevocation(revocation);
      await first.addRevocation({ ...revocation, before: 1_000, rememberMs: 1 });
      assert.equal(await second.isRevoked({ userId: revocation.id, issuedAt: 1_500 }), true);
      await first.addRevocation({ ...revocation, before: 3_000 });
      assert.equal(await second.isRevoked({ userId: revocation.id, issuedAt: 2_500 }), true);
    },
  },
  {
    id: 'revocation-kinds',
    name: 'revokes a token and a session whenever they were issued',
    async check({ first, second }) {
      const [token, session] = [revocationOf({ kind: 'token' }), revocationOf({ kind: 'session' })];
      await first.addRevocation(token);
      await first.addRevocation(session);
      assert.equal(
        await second.isRevoked({ tokenId: token.id, issuedAt: Number.MAX_SAFE_INTEGER }),
        true,
      );
      assert.equal(await second.isRevoked({ sessionId: session.id }), true);
      assert.equal(
        await second.isRevoked({ userId: token.id, sessionId: token.id, issuedAt: 1 }),
        false,
      );
      assert.equal(
        await second.isRevoked({ tokenId: session.id, userId: session.id, issuedAt: 1 }),
        false,
      );
    },
  },
  {
    id: 'revocation-token-names',
    name: 'revokes a client if one of the names of its tokens is revoked, whichever',
    async check({ first, second }) {
      const token = revocationOf({ kind: 'token' });
      await first.addRevocation(token);
      const issuedAt = Number.MAX_SAFE_INTEGER;
      const others = Array.from({ length: 32 }, () => randomUUID());
      assert.equal(
        await second.isRevoked({ tokenId: randomUUID(), tokenIds: others, issuedAt }),
        false,
      );
      for (const tokenIds of [[token.id], [token.id, ...others], [...others, token.id]]) {
        assert.equal(await second.isRevoked({ tokenId: randomUUID(), tokenIds, issuedAt }), true);
        assert.equal(await second.isRevoked({ tokenIds }), true);
      }
    },
  },
  {
    id: 'revocation-ids',
    name: 'treats ids as ids, whatever they hold',
    async check({ first, second }) {
      const odd = ['*', ':', 'a:b', '{x}', '', ' ', 'ünï', '\u0000', 'user:*', '../x', '__proto__'];
      const revoked = odd.filter((_id, index) => index % 2 === 0);
      for (const id of revoked) {
        await first.addRevocation(revocationOf({ id: `odd ${id}` }));
      }
      const answers = await Promise.all(
        odd.map((id) => second.isRevoked({ userId: `odd ${id}`, issuedAt: 1 })),
      );
      assert.deepEqual(
        answers,
        odd.map((id) => revoked.includes(id)),
      );
    },
  },
  {
    id: 'revocation-memory',
    name: 'keeps a revocation for ever that is to be kept for ever, and forgets one whose time is over',
    async check({ first, second, waiting }) {
      const kept = revocationOf({ rememberMs: Number.POSITIVE_INFINITY });
      const brief = revocationOf({ rememberMs: 1 });
      await first.addRevocation(brief);
      await first.addRevocation(kept);
      await waiting.until(
        'the end of the revocation',
        async () => !(await second.isRevoked({ userId: brief.id, issuedAt: 1 })),
      );
      assert.equal(await second.isRevoked({ userId: kept.id, issuedAt: 1 }), true);
    },
  },
  {
    id: 'revocation-everybody',
    name: 'revokes all users',
    async check({ first, second }) {
      await first.addRevocation(revocationOf({ kind: 'everybody', id: '', before: 10 }));
      assert.equal(await second.isRevoked({ userId: randomUUID(), issuedAt: 10 }), true);
      assert.equal(await second.isRevoked({ userId: randomUUID(), issuedAt: 11 }), false);
      assert.equal(await second.isRevoked({ issuedAt: 11 }), false);
    },
  },
];
