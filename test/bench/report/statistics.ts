import type { Cost } from '../load/dialogue.js';

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

/** Slice by slice: the two ran within a few seconds of each other. */
export function ratiosOf(costs: readonly Cost[], baseline: readonly Cost[]): number[] {
  return costs.map((cost, round) => cpuPerOperation(cost) / cpuPerOperation(baseline[round]!));
}
