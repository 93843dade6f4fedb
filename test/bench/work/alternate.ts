import type { Cost } from '../load/dialogue.js';

/** Somebody whose slices are measured. */
export interface Runner {
  readonly label: string;
  /** Work of a fraction of a second. */
  slice(): Promise<Cost>;
}

/** What the slices of one runner have cost, in order, and those of the baseline right beside each. */
export interface Series {
  readonly label: string;
  readonly costs: readonly Cost[];
  readonly baseline: readonly Cost[];
}

/**
 * Lets everybody run slices beside slices of the first, who is the baseline: A B, B A, A C, C A …, so that whatever else the
 * machine does hits both alike.
 */
export async function alternate(runners: readonly Runner[], rounds: number): Promise<Series[]> {
  const [baseline, ...others] = runners;
  const series = others.map(({ label }) => ({
    label,
    costs: [] as Cost[],
    baseline: [] as Cost[],
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, other] of others.entries()) {
      const pair = round % 2 === 0 ? [baseline!, other] : [other, baseline!];
      for (const runner of pair) {
        const cost = await runner.slice();
        series[index]![runner === other ? 'costs' : 'baseline'].push(cost);
      }
    }
  }
  const all = series.flatMap((each) => each.baseline);
  return [{ label: baseline!.label, costs: all, baseline: all }, ...series];
}

/** Lets everybody run a slice in turn, for its own sake. */
export async function inTurn(
  runners: readonly Runner[],
  rounds: number,
): Promise<Pick<Series, 'label' | 'costs'>[]> {
  const series = runners.map(({ label }) => ({ label, costs: [] as Cost[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, runner] of runners.entries()) {
      series[index]!.costs.push(await runner.slice());
    }
  }
  return series;
}
