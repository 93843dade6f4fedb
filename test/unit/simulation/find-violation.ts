import { ConsoleLogger, Logger } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { patient } from '../../support/patience.js';
import { allRules, runSchedule } from './run-schedule.js';
import type { Rules } from './simulated-cluster.js';

const { SIMULATION_SEED, SIMULATION_SCHEDULES } = process.env;

/**
 * A schedule of some two minutes takes 15 to 25 ms of CPU. `.ci/run` and CI run 2,500, and a weekly run a million others. The rules
 * that are needed least are D6 and LEASES: without one of them, five of the first 5,700 and three of the first 2,500 violate an invariant.
 */
const usual = SIMULATION_SEED === undefined ? 40 : 1;
const count = Number(SIMULATION_SCHEDULES ?? usual);
const firstSeed = Number(SIMULATION_SEED ?? '0');

/** Time limit in milliseconds of a test. */
export const timeout: number = patient(300_000 + count * 200);

/** A schedule that violates an invariant. */
export interface Finding {
  readonly seed: number;
  readonly violation: string;
}

/** The first of some schedules that violates an invariant. */
export async function find(rules: Rules, seeds: Iterable<number>): Promise<Finding | undefined> {
  for (const seed of seeds) {
    const violation = await runSchedule(seed, rules);
    if (violation !== undefined) {
      return { seed, violation };
    }
  }
  return undefined;
}

export function* seedsFrom(first: number, number: number): Iterable<number> {
  for (let seed = first; seed < first + number; seed += 1) {
    yield seed;
  }
}

/** Has the nodes of a file write nothing to the log. */
export function withoutLog(): void {
  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(new ConsoleLogger()));
}

/** Runs every second schedule: two files have the two halves, so that two workers share them. */
export function keepPromises(half: 0 | 1): void {
  withoutLog();
  it(
    'several nodes keep their promises, whatever fails in whatever order',
    { timeout },
    async () => {
      const seeds = [...seedsFrom(firstSeed, count)].filter((seed) => seed % 2 === half);
      const found = await find(allRules, seeds);
      expect(found, `replay it with SIMULATION_SEED=${found?.seed}`).toBeUndefined();
    },
  );
}
