import type { Bench } from '../bench.js';
import type { Cost } from '../load/dialogue.js';
import type { Visit, VisitPlan } from '../load/visits.js';
import type { Server } from '../processes/server.js';
import { growthOf, maxFactor, type Growth } from '../report/growth.js';
import type { Section } from '../report/section.js';
import { cpuPerOperation } from '../report/statistics.js';
import { explain } from './dialogue-runner.js';
import { hostileBodies } from './hostile-bodies.js';
import { hostileElsewhere } from './hostile-elsewhere.js';
import { hostileHeads } from './hostile-heads.js';
import type { HostileInput } from './hostile-input.js';
import { messagePairs, type MessagePair } from './message-pairs.js';

/** Server time in milliseconds that one measurement takes at least, so that it stands out of what else goes on. */
const sliceMs = { full: 20, quick: 4, again: 60 };

/** Rounds that are measured, and rounds after which what still seems to cost too much does. */
const rounds = { full: 6, quick: 2, most: 24 };

/** (g) Input that a client makes as large as it likes: what it costs at 1, 2 and 4 times its size. */
export async function hostile(bench: Bench): Promise<Section> {
  const growths: Growth[] = [];
  const ratios: Ratio[] = [];
  {
    await using server = await bench.startServer('oursHostile');
    const measurement = new Measurement(bench, server);
    growths.push(...(await measurement.growths([...hostileHeads, ...hostileBodies])));
    for (const pair of messagePairs) {
      ratios.push(await measurement.compare(pair));
    }
  }
  {
    await using server = await bench.startServer('oursHostileElsewhere');
    growths.push(...(await new Measurement(bench, server).growths(hostileElsewhere)));
  }
  return {
    title: 'Hostile input: server CPU at 1, 2 and 4 times its size',
    header: ['input', '1, µs', '2, µs', '4, µs', 'each doubling costs'],
    rows: growths.map(({ label, costs, factor }) => [
      label,
      ...costs.map((cost) => cost.toFixed(0)),
      factor === undefined ? '–' : `${factor.toFixed(2)} times`,
    ]),
    notes: [
      'Without what a connection costs by itself. A dash: the largest costs less than 2.5 connections.',
      ...ratios.map(({ label, ratio }) => `${label}: ${ratio.toFixed(2)} times one without.`),
    ],
    failures: [
      ...growths
        .filter(({ failed }) => failed)
        .map(({ label }) => `${label}: a doubling costs more than ${maxFactor} times`),
      ...ratios
        .filter(({ failed }) => failed)
        .map(({ label, limit }) => `${label}: costs more than ${limit} times one without`),
    ],
  };
}

/** What one message costs, as a multiple of another. */
interface Ratio {
  readonly label: string;
  readonly ratio: number;
  readonly limit: number;
  readonly failed: boolean;
}

interface Judged {
  readonly failed: boolean;
  readonly isCertain?: boolean;
}

/** Measures visits of one server. */
class Measurement {
  constructor(
    private readonly bench: Bench,
    private readonly server: Server,
  ) {}

  async growths(inputs: readonly HostileInput[]): Promise<readonly Growth[]> {
    const growths: Growth[] = [];
    for (const input of inputs.filter(({ label }) => label.includes(this.bench.options.match))) {
      growths.push(await this.#growth(input));
    }
    return growths;
  }

  #growth({ label, size, visit }: HostileInput): Promise<Growth> {
    const sizes = [Math.max(1, Math.round(size / 50)), size, size * 2, size * 4];
    const visits = sizes.map((each) => visit(each));
    return this.#judge(label, visits, (costs) => growthOf(label, costs));
  }

  compare({ label, visits, limit }: MessagePair): Promise<Ratio> {
    return this.#judge(label, visits, (costs) => {
      const [base, one, other] = costs as [number, number, number];
      const ratio = (other - base) / Math.max(one - base, base / 10);
      return { label, limit, ratio, failed: ratio > limit };
    });
  }

  /** What fails is measured anew in longer slices: a machine that was busy with something else has changed by then. */
  async #judge<Verdict extends Judged>(
    label: string,
    visits: readonly Visit[],
    verdictOn: (costs: readonly number[]) => Verdict,
  ): Promise<Verdict> {
    const first = await this.#judgeIn(this.#sliceUs, label, visits, verdictOn);
    return first.failed
      ? await this.#judgeIn(sliceMs.again * 1_000, label, visits, verdictOn)
      : first;
  }

  get #sliceUs(): number {
    return this.bench.size(sliceMs.full, sliceMs.quick) * 1_000;
  }

  /**
   * Measures visits in turns until they pass, and gives up after so many rounds. What else goes on only ever adds to a cost, so
   * the least of all rounds is the nearest to the truth.
   */
  async #judgeIn<Verdict extends Judged>(
    sliceUs: number,
    label: string,
    visits: readonly Visit[],
    verdictOn: (costs: readonly number[]) => Verdict,
  ): Promise<Verdict> {
    const least = visits.map(() => Number.POSITIVE_INFINITY);
    const enough = this.bench.size(rounds.full, rounds.quick);
    for (let round = 1; ; round += 1) {
      for (const [index, visit] of visits.entries()) {
        const cost = await this.#cost(label, visit, sliceUs, least[index]!);
        least[index] = Math.min(least[index]!, cpuPerOperation(cost));
      }
      const verdict = verdictOn(least);
      const isSettled = verdict.isCertain === true || !verdict.failed;
      if (round >= rounds.most || (round >= enough && isSettled)) {
        return verdict;
      }
    }
  }

  /** As many visits as fill a slice, judged by what one has cost so far. */
  #cost(label: string, visit: Visit, sliceUs: number, knownUs: number): Promise<Cost> {
    const count = Number.isFinite(knownUs) ? Math.ceil(sliceUs / knownUs) : 3;
    const { port, pid } = this.server;
    const plan: VisitPlan = { ...visit, port, pid, count: Math.min(count, 100) };
    return explain(label, this.bench.load.ask<Cost>('visits', plan));
  }
}
