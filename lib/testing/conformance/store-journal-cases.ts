import assert from 'node:assert/strict';
import type { StoredRevocation } from '../../store/ws-auth-store.js';
import type { CaseOf } from './conformance-case.js';
import { lifeMs, revocationOf } from './store-facts.js';
import type { StoreStage } from './store-stage.js';

/** How a store passes revocations on to other nodes. */
export const journalCases: readonly CaseOf<StoreStage>[] = [
  {
    id: 'journal-cursor',
    name: 'returns what was added after the cursor, in order, and nothing else',
    async check({ first, second }) {
      const { cursor } = await second.revocationsSince(undefined);
      const added = [
        revocationOf({ kind: 'session', reason: 'log out' }),
        revocationOf({ before: -1.5, exceptSessionId: 'that one' }),
        revocationOf({ kind: 'token', id: 'ü:*' }),
      ];
      for (const revocation of added) {
        await first.addRevocation(revocation);
      }
      const page = await second.revocationsSince(cursor);
      assert.deepEqual(page.revocations.map(withoutTime), added.map(withoutTime));
      for (const { rememberMs } of page.revocations) {
        assert.ok(rememberMs > 0);
        assert.ok(rememberMs <= lifeMs);
      }
      const next = await second.revocationsSince(page.cursor);
      assert.deepEqual([next.revocations, next.cursor], [[], page.cursor]);
    },
  },
  {
    id: 'journal-new-node',
    name: 'returns everything to a new node',
    async check({ first, second }) {
      const revocation = revocationOf({});
      await first.addRevocation(revocation);
      const { revocations } = await second.revocationsSince(undefined);
      assert.ok(revocations.map(({ id }) => id).includes(revocation.id));
    },
  },
  {
    id: 'journal-foreign-cursor',
    name: 'returns everything for a cursor of an earlier life of the store',
    async check({ first, second }) {
      const revocation = revocationOf({});
      await first.addRevocation(revocation);
      const { revocations } = await second.revocationsSince('99999999999999-0');
      assert.ok(revocations.map(({ id }) => id).includes(revocation.id));
    },
  },
  {
    id: 'journal-exceptions',
    name: 'returns two revocations of one user whose exceptions differ, since each ends other sessions',
    async check({ first, second }) {
      const { cursor } = await second.revocationsSince(undefined);
      const all = revocationOf({ before: 5 });
      await first.addRevocation(all);
      await first.addRevocation({ ...all, before: 6, exceptSessionId: 'mine' });
      const { revocations } = await second.revocationsSince(cursor);
      assert.deepEqual(
        revocations.map(({ before, exceptSessionId }) => [before, exceptSessionId]),
        [
          [5, undefined],
          [6, 'mine'],
        ],
      );
    },
  },
  {
    id: 'journal-pages',
    name: 'returns pages of at most the size that is asked for, in order and without gaps',
    async check({ first, second }) {
      let { cursor } = await second.revocationsSince(undefined);
      const added = Array.from({ length: 25 }, () => revocationOf({ kind: 'token' }));
      for (const revocation of added) {
        await first.addRevocation(revocation);
      }
      const pages: string[][] = [];
      for (let more = true; more;) {
        const page = await second.revocationsSince(cursor, 10);
        pages.push(page.revocations.map(({ id }) => id));
        cursor = page.cursor;
        more = page.more ?? false;
      }
      assert.deepEqual(
        pages.flat(),
        added.map(({ id }) => id),
      );
      assert.deepEqual(
        pages.slice(0, 3).map(({ length }) => length),
        [10, 10, 5],
      );
      const { revocations, cursor: last } = await second.revocationsSince(cursor, 10);
      assert.deepEqual([revocations, last], [[], cursor]);
    },
  },
  {
    id: 'journal-thousands',
    name: 'returns thousands',
    async check({ first, second }) {
      const { cursor } = await second.revocationsSince(undefined);
      const added = Array.from({ length: 3_000 }, () => revocationOf({}));
      await Promise.all(added.map((revocation) => first.addRevocation(revocation)));
      const { revocations } = await second.revocationsSince(cursor);
      const ids = revocations.map(({ id }) => id).toSorted();
      assert.deepEqual(ids, added.map(({ id }) => id).toSorted());
    },
  },
  {
    id: 'channel',
    name: 'calls every watcher after a revocation, until it is stopped',
    async check({ first, second, waiting }) {
      let [calls, callsOfStopped] = [0, 0];
      const stop = second.watch(() => (calls += 1));
      const stopOther = second.watch(() => (callsOfStopped += 1));
      await stopOther();
      await stopOther();
      const before = callsOfStopped;
      for (let round = 0; round < 3; round += 1) {
        const already = calls;
        await first.addRevocation(revocationOf({}));
        await waiting.until('the call of the watcher', () => calls > already);
      }
      assert.equal(callsOfStopped, before);
      await stop();
    },
  },
];

function withoutTime({ rememberMs: _time, ...rest }: StoredRevocation) {
  return rest;
}
