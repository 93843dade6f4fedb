import type { Bench } from '../bench.js';

/** Those that the run was asked for, and the first two: the baseline and its twin. */
export function chosen<One extends { readonly label: string }>(
  { options: { match } }: Bench,
  all: readonly One[],
): readonly One[] {
  return all.filter(({ label }, index) => index < 2 || label.includes(match));
}
