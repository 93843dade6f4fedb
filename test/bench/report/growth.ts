/** What an input costs at 1, 2 and 4 times its size, in microseconds beyond those of a connection. */
export interface Growth {
  readonly label: string;
  readonly costs: readonly number[];
  /** By how much a doubling multiplies the cost; `undefined` where the largest costs next to nothing. */
  readonly factor: number | undefined;
  /** Whether it grows faster than it may. */
  readonly failed: boolean;
  /** Whether it grows so fast, and costs so much, that it needs no other look. */
  readonly isCertain: boolean;
}

/** What a doubling may cost: twice as much, and what caches and garbage add. */
export const maxFactor = 2.5;

/** What does no harm, and cannot be distinguished from noise: so many times the cost of a connection. */
const harmless = 2.5;

/** What noise does not add up to: so many times the cost of a connection. */
const certain = 100;

/**
 * Judges an input by what it costs at the smallest and at the largest size, which is two doublings. The smallest counts as
 * so much at least that the largest is judged only where it does harm.
 *
 * @param costs of a visit with next to no input, and at the three sizes
 */
export function growthOf(label: string, costs: readonly number[]): Growth {
  const [base, ...measured] = costs as [number, number, number, number];
  const beyond = measured.map((cost) => Math.max(0, cost - base)) as [number, number, number];
  const [smallest, , largest] = beyond;
  const atLeast = (base * harmless) / maxFactor ** 2;
  const factor =
    largest < base * harmless ? undefined : Math.sqrt(largest / Math.max(smallest, atLeast));
  const failed = factor !== undefined && factor > maxFactor;
  return { label, costs: beyond, factor, failed, isCertain: failed && largest > base * certain };
}
