import { ConsoleLogger, Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patient } from '../../support/patience.js';
import { allRules, runSchedule } from './run-schedule.js';
import type { Rules } from './simulated-cluster.js';

/**
 * Deterministic simulation of three nodes, their clients and a Redis that fails over. The classes of `lib` run unchanged on a virtual
 * clock, and a seed decides everything else. `SIMULATION_SEED=7` replays one schedule, and `SIMULATION_SCHEDULES=10000` runs that many.
 *
 * | defect | what is taken out                                         | found by seed |
 * | ------ | --------------------------------------------------------- | ------------: |
 * | D2     | a node that drains follows revocations                    |             0 |
 * | D4     | questions to the store demand replicas, as writes do      |             5 |
 * | D5     | the store dates revocations and tickets                   |             0 |
 * | D6     | a cursor counts only while its entry is in the stream     |            33 |
 *
 * D4 and D6 are rules of the scripts in `lib/redis`, which `SimulatedRedis` restates; the tests with a real Redis hold the scripts.
 */
const { PROPERTY_RUNS = '100', SIMULATION_SEED, SIMULATION_SCHEDULES } = process.env;

/** A schedule of some three minutes takes some 60 ms of CPU, so there are fewer than inputs of other properties. */
const usual = SIMULATION_SEED === undefined ? 10 + Number(PROPERTY_RUNS) / 40 : 1;
const schedules = Number(SIMULATION_SCHEDULES ?? usual);
const firstSeed = Number(SIMULATION_SEED ?? '0');
const timeout = patient(300_000 + schedules * 1_000);

interface Finding {
  readonly seed: number;
  readonly violation: string;
}

/** The first schedule that violates an invariant. */
async function find(rules: Rules, from: number, count: number): Promise<Finding | undefined> {
  for (let seed = from; seed < from + count; seed += 1) {
    const violation = await runSchedule(seed, rules);
    if (violation !== undefined) {
      return { seed, violation };
    }
  }
  return undefined;
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(new ConsoleLogger()));

describe('several nodes, whatever fails in whatever order', () => {
  it('keep their promises', { timeout }, async () => {
    const found = await find(allRules, firstSeed, schedules);
    expect(found, `replay it with SIMULATION_SEED=${found?.seed}`).toBeUndefined();
  });

  it('behave the same in each run of a seed', { timeout }, async () => {
    const rules = { ...allRules, storeDates: false };
    const found = await find(rules, 0, 50);
    expect(found).toBeDefined();
    expect(await runSchedule(found!.seed, rules)).toBe(found!.violation);
  });
});

const defects = [
  { id: 'D2', rule: 'drainFollowsRevocations', seed: 0 },
  { id: 'D4', rule: 'questionsDemandReplicas', seed: 5 },
  { id: 'D5', rule: 'storeDates', seed: 0 },
  { id: 'D6', rule: 'cursorNamesEntry', seed: 33 },
] as const;

describe('a schedule with one rule taken out', () => {
  it.each(defects)('finds $id without the rule $rule', { timeout }, async ({ rule, seed }) => {
    const found = await find({ ...allRules, [rule]: false }, seed, 100);
    expect(found?.violation).toMatch(/is served/);
  });
});
