import type { Bench } from '../bench.js';
import type { ContenderName } from '../contenders/registry.js';
import type { OpenPlan } from '../load/load.js';
import { Belongings } from '../processes/belongings.js';
import { cpuTimeOf } from '../processes/cpu-time.js';
import { startRedis } from '../processes/redis.js';
import type { Server } from '../processes/server.js';
import type { Section } from '../report/section.js';
import { explain, inFlight } from './dialogue-runner.js';
import { tokens } from './tokens.js';
import { byUpgrade } from './ways.js';

/** Something that concerns all sessions of a server. */
interface MassWork {
  readonly label: string;
  readonly name: ContenderName;
  readonly credentials?: (bench: Bench, count: number) => readonly string[];
  /** What the server has to do before it counts. */
  readonly prepare?: (server: Server, count: number) => Promise<unknown>;
  readonly begin: (server: Server) => Promise<unknown>;
  /** Whether it is over when all clients have been closed; otherwise when the command returns. */
  readonly closes: boolean;
}

/** What a work has cost at one size. */
interface Passed {
  readonly count: number;
  readonly stallMs: number;
  readonly cpuMs: number;
}

const user = 'everybody';

const works: readonly MassWork[] = [
  {
    label: 'heartbeats of two seconds, one a second',
    name: 'oursWithHeartbeat',
    begin: (server) => server.run('beat'),
    closes: false,
  },
  {
    label: 'expiry in one second',
    name: 'oursAtScale',
    credentials: (bench, count) => {
      const exp = Math.ceil(Date.now() / 1_000) + bench.size(20, 4);
      return tokens(bench.secret, Math.min(count, 512), { exp });
    },
    begin: () => Promise.resolve(),
    closes: true,
  },
  {
    label: '`revoke({ userId })`',
    name: 'oursAtScale',
    credentials: (bench) => tokens(bench.secret, 1, { user }),
    begin: (server) => server.run('revoke', user),
    closes: true,
  },
  {
    label: 'a broadcast in one loop',
    name: 'oursAtScale',
    begin: (server) => server.run('broadcast'),
    closes: false,
  },
  {
    label: 'the same broadcast, hand-written `ws`',
    name: 'handWrittenUpgrade',
    begin: (server) => server.run('broadcast'),
    closes: false,
  },
  {
    label: '`app.close()`',
    name: 'oursAtScale',
    begin: (server) => server.run('shutDown'),
    closes: true,
  },
  {
    label: 'as many revocations of others, read again from Redis',
    name: 'oursOnRedis',
    prepare: (server, count) => server.run('publish', count),
    begin: (server) => server.run('reread'),
    closes: false,
  },
];

/** (h) How long the event loop stands still, and what is paid for a session, as sessions become more. */
export async function stalls(bench: Bench): Promise<Section> {
  const sizes = bench.options.quick ? [100] : [1_000, 4_400, 19_500];
  const rows: string[][] = [];
  for (const work of works) {
    const passed: (Passed | undefined)[] = [];
    for (const count of sizes) {
      passed.push(await pass(bench, work, count));
    }
    rows.push(row(work, passed));
  }
  const atSizes = (what: string) => sizes.map((count) => `${what} at ${count}`);
  return {
    title: 'Longest stall of the event loop, and CPU per session, by the number of sessions',
    header: ['work', ...atSizes('stall, ms'), ...atSizes('CPU, µs')],
    rows,
    notes: [
      'One server for each cell. CPU includes what the server did besides: two idle seconds, for works that close no session.',
    ],
    failures: [],
  };
}

function row({ label }: MassWork, passed: readonly (Passed | undefined)[]): string[] {
  const cells = (text: (one: Passed) => string) => passed.map((one) => (one ? text(one) : '–'));
  return [
    label,
    ...cells(({ stallMs }) => stallMs.toFixed(0)),
    ...cells(({ cpuMs, count }) => ((cpuMs * 1_000) / count).toFixed(0)),
  ];
}

/** Without Redis there is nothing to measure on it. */
async function pass(bench: Bench, work: MassWork, count: number): Promise<Passed | undefined> {
  await using belongings = new Belongings();
  const redis = work.name === 'oursOnRedis' ? await startRedis() : undefined;
  if (work.name === 'oursOnRedis' && !redis) {
    return undefined;
  }
  const settings = redis && { redis: belongings.use(redis).path };
  const server = belongings.use(await bench.startServer(work.name, settings));
  await work.prepare?.(server, count);
  await open(bench, server, work, count);
  belongings.defer(() => bench.load.ask('destroy', work.label));
  const before = cpuTimeOf(server.pid);
  await server.watchStalls();
  const ended = work.closes ? bench.load.ask('allEnded', work.label) : undefined;
  await work.begin(server);
  await ended;
  const cpuMs = cpuTimeOf(server.pid) - before;
  return { count, stallMs: await server.longestStall(), cpuMs };
}

function open(
  bench: Bench,
  { port, pid }: Server,
  work: MassWork,
  count: number,
): Promise<unknown> {
  const credentials = work.credentials?.(bench, count) ?? tokens(bench.secret, 512);
  const plan: OpenPlan = {
    group: work.label,
    port,
    pid,
    inFlight,
    dialogue: byUpgrade.dialogue,
    credentials,
    count,
  };
  return explain(work.label, bench.load.ask('open', plan));
}
