import type { Bench } from '../bench.js';
import type { OpenPlan } from '../load/load.js';
import type { Server } from '../processes/server.js';
import type { Section } from '../report/section.js';
import { oursEverything, oursUpgrade, type Contestant } from './contestants.js';
import { explain, inFlight } from './dialogue-runner.js';
import { tokens } from './tokens.js';

/** Ends all sessions at once. */
interface MassEnding {
  readonly title: string;
  readonly credentials: readonly string[];
  /** Returns the epoch milliseconds at which they were to end. */
  begin(server: Server): Promise<number>;
}

/** (f) A user with many sockets is revoked; many sessions expire in the same second. */
export async function endings(bench: Bench): Promise<Section> {
  const count = bench.size(10_000, 500);
  const rows: string[][] = [];
  for (const contestant of [oursUpgrade, oursEverything]) {
    rows.push(await end(bench, contestant, revocation(bench, contestant)));
    rows.push(await end(bench, contestant, expiry(bench, count)));
  }
  return {
    title: `${count} sessions that end at once`,
    header: ['contender', 'ending', 'last close after, ms', 'longest stall, ms'],
    rows,
    notes: [],
    failures: [],
  };
}

async function end(bench: Bench, contestant: Contestant, ending: MassEnding): Promise<string[]> {
  const { label, name, way } = contestant;
  await using server = await bench.startServer(name);
  const { port, pid } = server;
  const plan: OpenPlan = {
    group: label,
    port,
    pid,
    inFlight,
    dialogue: way.dialogue,
    credentials: ending.credentials,
    count: bench.size(10_000, 500),
  };
  await explain(label, bench.load.ask('open', plan));
  await server.watchStalls();
  const allEnded = bench.load.ask<number>('allEnded', label);
  const startedAt = await ending.begin(server);
  const lastCloseMs = (await allEnded) - startedAt;
  const stallMs = await server.longestStall();
  await bench.load.ask('destroy', label);
  return [label, ending.title, lastCloseMs.toFixed(0), stallMs.toFixed(0)];
}

function revocation(bench: Bench, { name }: Contestant): MassEnding {
  const user = `revoked-${name}`;
  return {
    title: '`revoke({ userId })`',
    credentials: tokens(bench.secret, 1, { user }),
    begin: (server) => server.run<number>('revoke', user),
  };
}

function expiry(bench: Bench, count: number): MassEnding {
  const exp = Math.ceil(Date.now() / 1_000) + bench.size(20, 5);
  return {
    title: 'expiry in one second',
    credentials: tokens(bench.secret, count, { exp }),
    begin: () => Promise.resolve(exp * 1_000),
  };
}
