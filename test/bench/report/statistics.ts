import type { Cost } from '../load/dialogue.js';
import type { Series } from '../works/alternate.js';

/** Middle and ends of some numbers. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** Server CPU per operation in microseconds. */
export function cpuPerOperation({ serverMs, operations }: Cost): number {
  return (serverMs * 1_000) / operations;
}

/** The same, and the ends of the middle half. */
export interface Quartiles extends Spread {
  readonly low: number;
  readonly high: number;
}

export function quartilesOf(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((one, other) => one - other);
  const quarter = Math.floor(sorted.length / 4);
  return { ...spreadOf(values), low: sorted[quarter]!, high: sorted.at(-1 - quarter)! };
}

/** Slice by slice, each with the one of the baseline that ran next to it. */
export function ratiosOf({ costs, beside }: Series): number[] {
  return costs.map((cost, index) => cpuPerOperation(cost) / cpuPerOperation(beside[index]!));
}
