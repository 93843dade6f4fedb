import { readFileSync } from 'node:fs';
import type { Bench } from '../bench.js';
import type { OpenPlan } from '../load/load.js';
import { Belongings } from '../processes/belongings.js';
import type { Memory } from '../processes/server.js';
import { heapPairRow } from '../report/pair-row.js';
import type { Section } from '../report/section.js';
import { chosen } from './chosen.js';
import { withEcho } from './connect.js';
import {
  handWritten,
  oursEverything,
  oursFirst,
  oursUpgrade,
  perMessage,
  stock,
  withSocketIo,
  nestWithSocketIo,
  oursSocketIo,
  type Contestant,
} from './contestants.js';
import { explain, inFlight } from './dialogue-runner.js';
import { tokens } from './tokens.js';

const everyone: readonly Contestant[] = [
  stock,
  handWritten,
  perMessage,
  withSocketIo,
  nestWithSocketIo,
  oursSocketIo,
  oursUpgrade,
  oursFirst,
  oursEverything,
];

/** (d) Memory of idle authenticated connections, each of another user. */
export async function memory(bench: Bench): Promise<Section> {
  const sizes = sizesOf(bench);
  const measured: Measured[] = [];
  for (const contestant of chosen(bench, everyone)) {
    measured.push(await measure(bench, contestant, sizes));
  }
  const stockHeap = perConnection(measured[0]!).heapUsed;
  const heaps = new Map(measured.map((each) => [each.label, perConnection(each).heapUsed]));
  return {
    title: `Memory per idle authenticated connection, at ${sizes.half} and from there to ${sizes.full}`,
    header: ['contender', 'V8 heap, KB', 'ratio', 'growth, KB', 'external, KB', 'RSS, KB'],
    rows: [...measured.map((each) => row(each, stockHeap)), ...heapPairRow(heaps)],
    notes: ['After a full collection, less what the server needs without connections.'],
    failures: [],
  };
}

function row(measured: Measured, stockHeap: number): string[] {
  const { heapUsed, external, rss, growth } = perConnection(measured);
  const numbers = [heapUsed, growth, external, rss].map((bytes) => (bytes / 1_024).toFixed(2));
  const [heap, more, ...rest] = numbers as [string, string, ...string[]];
  return [measured.label, heap, (heapUsed / stockHeap).toFixed(2), more, ...rest];
}

interface Sizes {
  readonly half: number;
  readonly full: number;
}

interface Measured {
  readonly label: string;
  readonly sizes: Sizes;
  readonly empty: Memory;
  readonly half: Memory;
  readonly full: Memory;
}

async function measure(
  bench: Bench,
  { label, name, way, ...contestant }: Contestant,
  sizes: Sizes,
): Promise<Measured> {
  await using belongings = new Belongings();
  const server = await bench.serverFor(name, belongings);
  const credentials = tokens(bench.secret, sizes.full);
  const { port, pid } = server;
  const dialogue = withEcho({ label, name, way, ...contestant });
  const plan = { port, pid, dialogue, credentials, inFlight };
  await explain(label, bench.load.ask('dialogues', { ...plan, count: 500 }));
  const empty = await server.memory();
  const open = (count: number) => {
    const idle: OpenPlan = { ...plan, group: label, count };
    return explain(label, bench.load.ask('open', idle));
  };
  await open(sizes.half);
  const half = await server.memory();
  await open(sizes.full - sizes.half);
  const full = await server.memory();
  await bench.load.ask('destroy', label);
  return { label, sizes, empty, half, full };
}

function perConnection({ sizes, empty, half, full }: Measured) {
  const of = (field: keyof Memory) => (half[field] - empty[field]) / sizes.half;
  return {
    heapUsed: of('heapUsed'),
    external: of('external'),
    rss: of('rss'),
    growth: (full.heapUsed - half.heapUsed) / (sizes.full - sizes.half),
  };
}

/** As many as asked, or as the machine lets a process open. */
function sizesOf(bench: Bench): Sizes {
  const allowed = maxOpenFiles() - 200;
  const half = Math.min(bench.size(10_000, 500), allowed >> 1);
  return { half, full: Math.min(half * 2, allowed) };
}

function maxOpenFiles(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
