import { parseArgs } from 'node:util';

/** What a run is asked for. */
export interface BenchOptions {
  /** A smoke test of two minutes, whose works share servers. Its numbers mean little, and nothing is written. */
  readonly quick: boolean;
  /** Works to do, by name, whose results replace those in the report; all without it. */
  readonly only: readonly string[] | undefined;
  /** Keeps the contenders whose label contains it, and the baseline. */
  readonly match: string;
  /** Folder for CPU profiles of the servers. */
  readonly profile: string | undefined;
  /** File for the number of works that went as they must, and of those that did not. */
  readonly results: string | undefined;
}

/** @throws for an option that there is not */
export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      match: { type: 'string', default: '' },
      profile: { type: 'string' },
      results: { type: 'string' },
    },
  });
  const { quick, only, match, profile, results } = values;
  return { quick, match, profile, results, only: only?.split(',') };
}
