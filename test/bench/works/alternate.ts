import type { Cost } from '../load/dialogue.js';
import { Belongings } from '../processes/belongings.js';

/** A contender whose slices are measured. */
export interface Runner {
  /** Work of a fraction of a second. */
  slice(): Promise<Cost>;
}

/** What the slices of a contender have cost, in order. */
export interface Series {
  readonly label: string;
  readonly costs: readonly Cost[];
  /** The slices of the baseline that ran right before or after, one for each. */
  readonly beside: readonly Cost[];
}

/** Whom to compare, and for how long. */
export interface Comparison<One> {
  /** The first is the baseline. */
  readonly contenders: readonly One[];
  /** Starts one with a server of its own. */
  start(one: One, belongings: Belongings): Promise<Runner>;
  /** Slices that do not count, so that the compiler of V8 has seen the code. */
  readonly warmUp: number;
  /** How often both are started: two starts of one program differ by up to a tenth, by what the compiler made of it. */
  readonly sittings: number;
  /** Turns of each sitting. */
  readonly rounds: number;
}

/**
 * Compares contenders one by one with a baseline that is started anew beside each: A B B A A B … Whatever else the machine
 * does hits the two alike, and they are equally warm. They sit down several times.
 */
export async function alternate<One extends { readonly label: string }>(
  comparison: Comparison<One>,
): Promise<Series[]> {
  const [baseline, ...others] = comparison.contenders;
  const series: Series[] = [];
  for (const other of others) {
    const costs: Cost[] = [];
    const beside: Cost[] = [];
    for (let sitting = 0; sitting < comparison.sittings; sitting += 1) {
      await using belongings = new Belongings();
      const first = await comparison.start(baseline!, belongings);
      const second = await comparison.start(other, belongings);
      await repeat(first, comparison.warmUp);
      await repeat(second, comparison.warmUp);
      const turns = await takeTurns(first, second, comparison.rounds);
      beside.push(...turns[0]);
      costs.push(...turns[1]);
    }
    series.push({ label: other.label, costs, beside });
  }
  const all = series.flatMap(({ beside }) => beside);
  return [{ label: baseline!.label, costs: all, beside: all }, ...series];
}

async function takeTurns(first: Runner, second: Runner, rounds: number): Promise<[Cost[], Cost[]]> {
  const costs: [Cost[], Cost[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const turn of order) {
      costs[turn].push(await [first, second][turn]!.slice());
    }
  }
  return costs;
}

/** For warming up, and for a contender that is compared with no other. */
export async function repeat(runner: Runner, times: number): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (let time = 0; time < times; time += 1) {
    costs.push(await runner.slice());
  }
  return costs;
}
