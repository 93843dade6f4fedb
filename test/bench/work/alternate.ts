import type { Cost } from '../load/dialogue.js';

/** Somebody whose slices are measured. */
export interface Runner {
  readonly label: string;
  /** Work of a fraction of a second. */
  slice(): Promise<Cost>;
}

/** What the slices of one runner have cost, in order. */
export interface Series {
  readonly label: string;
  readonly costs: readonly Cost[];
}

/**
 * Lets everybody run a slice in turn, several rounds, each begun by another: A B C, B C A, C A B … Whatever else the machine
 * does hits all alike, and everybody is as warm as the others.
 */
export async function alternate(runners: readonly Runner[], rounds: number): Promise<Series[]> {
  const series = runners.map(({ label }) => ({ label, costs: [] as Cost[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < runners.length; turn += 1) {
      const index = (round + turn) % runners.length;
      series[index]!.costs.push(await runners[index]!.slice());
    }
  }
  return series;
}
