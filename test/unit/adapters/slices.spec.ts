import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { scheduleInSlices } from '../../../lib/adapters/slices.js';

const unreadable = new Proxy(new Error('secret'), {
  getPrototypeOf: () => {
    throw new Error('unreadable');
  },
});

/** Runs jobs, of which some throw, and returns those that ran. */
async function runJobs(count: number, thrown: ReadonlyMap<number, unknown>): Promise<number[]> {
  const ran: number[] = [];
  await new Promise<void>((resolve) => {
    for (let index = 0; index < count; index += 1) {
      scheduleInSlices(() => {
        ran.push(index);
        if (thrown.has(index)) {
          throw thrown.get(index);
        }
      });
    }
    scheduleInSlices(resolve);
  });
  return ran;
}

describe('scheduleInSlices', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['the first job', new Map<number, unknown>([[0, new Error('secret')]])],
    ['the last job', new Map<number, unknown>([[99, 'secret']])],
    ['a job in each slice', new Map<number, unknown>([10, 50, 90].map((at) => [at, null]))],
    ['a job with what cannot be read', new Map<number, unknown>([[5, unreadable]])],
  ])(
    'K12c: runs all jobs where %s throws, logs it, and runs later ones',
    async (_which, thrown) => {
      const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      const all = Array.from({ length: 100 }, (_none, index) => index);
      expect(await runJobs(100, thrown)).toEqual(all);
      expect(error).toHaveBeenCalledTimes(thrown.size);
      expect(error.mock.calls.join()).not.toContain('secret');
      expect(await runJobs(3, new Map())).toEqual([0, 1, 2]);
    },
  );
});
