import type { Bench } from '../bench.js';
import type { OpenPlan } from '../load/load.js';
import { Belongings } from '../processes/belongings.js';
import type { Server } from '../processes/server.js';
import type { Section } from '../report/section.js';
import { spreadOf } from '../report/statistics.js';
import { handWritten, oursEverything, oursUpgrade, type Contestant } from './contestants.js';
import { explain, inFlight } from './dialogue-runner.js';
import { tokens } from './tokens.js';

/** Sessions that end once before it counts, so that the compiler of V8 has seen the code. */
const warmUp = 2_000;

/** Many sessions of one server, and what ends them. */
interface MassEnding {
  readonly title: string;
  readonly contestant: Contestant;
  readonly credentials: (count: number) => readonly string[];
  /** Returns the epoch milliseconds at which they were to end. */
  readonly begin: (server: Server) => Promise<number>;
}

/** How long an ending took. */
interface Ended {
  readonly lastCloseMs: number;
  readonly stallMs: number;
}

/** (f) A user with many sockets is revoked; many sessions expire in the same second. */
export async function endings(bench: Bench): Promise<Section> {
  const count = bench.size(10_000, 500);
  const all = [
    { ...revocation(bench, handWritten), title: '`close()` of each' },
    ...[oursUpgrade, oursEverything].flatMap((ours) => [
      revocation(bench, ours),
      expiry(bench, ours),
    ]),
  ];
  await using belongings = new Belongings();
  const series: (readonly [MassEnding, Server, Ended[]])[] = [];
  for (const ending of all) {
    const server = await bench.serverFor(ending.contestant.name, belongings);
    if (!bench.options.quick) {
      await end(bench, server, ending, warmUp);
    }
    series.push([ending, server, []]);
  }
  for (let round = 0; round < bench.size(5, 1); round += 1) {
    for (const [ending, server, times] of series) {
      times.push(await end(bench, server, ending, count));
    }
  }
  const [[, , baseline]] = series as [(typeof series)[number]];
  return {
    title: `${count} sessions that end at once`,
    header: [
      'contender',
      'ending',
      'last close after, ms',
      'min–max',
      'ratio',
      'longest stall, ms',
    ],
    rows: series.map(([ending, , times]) => row(ending, times, baseline)),
    notes: [
      `Medians of ${bench.size(5, 1)}, taken in turns, after an ending of ${warmUp} that does not count.`,
    ],
    failures: [],
  };
}

function row(
  { title, contestant }: MassEnding,
  times: readonly Ended[],
  baseline: readonly Ended[],
) {
  const last = spreadOf(times.map(({ lastCloseMs }) => lastCloseMs));
  const ratio = spreadOf(
    times.map(({ lastCloseMs }, round) => lastCloseMs / baseline[round]!.lastCloseMs),
  );
  return [
    contestant.label,
    title,
    last.median.toFixed(0),
    `${last.min.toFixed(0)}–${last.max.toFixed(0)}`,
    ratio.median.toFixed(2),
    spreadOf(times.map(({ stallMs }) => stallMs)).median.toFixed(0),
  ];
}

async function end(
  bench: Bench,
  server: Server,
  { contestant: { label, way }, credentials, begin }: MassEnding,
  count: number,
): Promise<Ended> {
  const { port, pid } = server;
  const plan: OpenPlan = {
    group: label,
    port,
    pid,
    inFlight,
    dialogue: way.dialogue,
    credentials: credentials(count),
    count,
  };
  await explain(label, bench.load.ask('open', plan));
  await server.watchStalls();
  const allEnded = bench.load.ask<number>('allEnded', label);
  const startedAt = await begin(server);
  const lastCloseMs = (await allEnded) - startedAt;
  const stallMs = await server.longestStall();
  await bench.load.ask('destroy', label);
  return { lastCloseMs, stallMs };
}

/** A user of its own each time: a revoked user comes back with a token of the same second. */
function revocation(bench: Bench, contestant: Contestant): MassEnding {
  let user = '';
  let revoked = 0;
  return {
    title: '`revoke({ userId })`',
    contestant,
    credentials: () => {
      revoked += 1;
      user = `revoked-${revoked}`;
      return tokens(bench.secret, 1, { user });
    },
    begin: (server) => server.run<number>('revoke', user),
  };
}

function expiry(bench: Bench, contestant: Contestant): MassEnding {
  let exp = 0;
  return {
    title: 'expiry in one second',
    contestant,
    credentials: (count) => {
      exp = Math.ceil(Date.now() / 1_000) + bench.size(15, 4);
      return tokens(bench.secret, count, { exp });
    },
    begin: () => Promise.resolve(exp * 1_000),
  };
}
