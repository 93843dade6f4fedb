import { describe, expect, it } from 'vitest';
import { find, seedsFrom, timeout, withoutLog } from './find-violation.js';
import { allRules, runSchedule } from './run-schedule.js';

/**
 * Deterministic simulation of three nodes, their clients and a Redis that fails over. The classes of `lib` run unchanged on a virtual
 * clock, and a seed decides everything else. `SIMULATION_SEED=7` replays one schedule, and `SIMULATION_SCHEDULES=10000` runs that many.
 *
 * These are the defects that it finds within a hundred schedules of that seed, with one rule taken out.
 *
 * D4 and D6 are rules of the scripts in `lib/redis`, which `SimulatedRedis` restates; the tests with a real Redis hold the scripts.
 */
const defects = [
  {
    id: 'D2',
    rule: 'drainFollowsRevocations',
    meaning: 'a node that drains follows revocations',
    seed: 0,
    violation: /is served/,
  },
  {
    id: 'D4',
    rule: 'questionsDemandReplicas',
    meaning: 'questions to the store demand replicas, as writes do',
    seed: 50,
    violation: /is served/,
  },
  {
    id: 'D5',
    rule: 'storeDates',
    meaning: 'the store dates revocations and tickets',
    seed: 4,
    violation: /is served/,
  },
  {
    id: 'D6',
    rule: 'cursorNamesEntry',
    meaning: 'a cursor counts only while its entry is in the stream',
    seed: 4_700,
    violation: /is served/,
  },
  {
    id: 'LEASES',
    rule: 'sessionsEndWithLeases',
    meaning: 'sessions end with leases that could not be renewed',
    seed: 400,
    violation: /has 3 sessions/,
  },
] as const;

withoutLog();

describe('a schedule with one rule taken out', () => {
  it.each(defects)(
    'finds $id without the rule that $meaning',
    { timeout },
    async ({ rule, seed, violation }) => {
      const found = await find({ ...allRules, [rule]: false }, seedsFrom(seed, 100));
      expect(found?.violation).toMatch(violation);
    },
  );

  it('ends in the same violation in each run of its seed', { timeout }, async () => {
    const rules = { ...allRules, storeDates: false };
    const found = await find(rules, seedsFrom(0, 50));
    expect(found).toBeDefined();
    expect(await runSchedule(found!.seed, rules)).toBe(found!.violation);
  });
});
