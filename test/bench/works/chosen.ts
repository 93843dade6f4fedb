import type { Bench } from '../bench.js';

/**
 * Those that the run was asked for, and the first two: the baseline and its twin. A quick run leaves out what others have made:
 * it judges ours alone.
 */
export function chosen<One extends { readonly label: string; readonly name: string }>(
  { options: { match, quick } }: Bench,
  all: readonly One[],
): readonly One[] {
  return all.filter(
    ({ label, name }, index) =>
      index < 2 || (label.includes(match) && !(quick && !name.startsWith('ours'))),
  );
}
