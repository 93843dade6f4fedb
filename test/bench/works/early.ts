import type { Bench } from '../bench.js';
import type { EarlyCounts, EarlyPlan } from '../load/early.js';
import { patient } from '../../support/patience.js';
import type { Section } from '../report/section.js';
import {
  handWritten,
  handWrittenFirst,
  inHandleConnection,
  oursEverything,
  oursFirst,
  oursUpgrade,
  perMessage,
  withSocketIo,
  oursSocketIo,
  type Contestant,
} from './contestants.js';
import { chosen } from './chosen.js';
import { explain } from './dialogue-runner.js';
import { tokens } from './tokens.js';

const connections = 1_000;
const perConnection = 5;
const verifyDelayMs = 20;

/** What is judged may be slow, and must not be lost. Others are known to lose messages, which are not worth a wait. */
const patienceMs = { ours: patient(20_000), others: 1_000 };

const ours: readonly Contestant[] = [oursUpgrade, oursFirst, oursEverything];
const everyone: readonly Contestant[] = [
  handWritten,
  handWrittenFirst,
  inHandleConnection,
  perMessage,
  withSocketIo,
  oursSocketIo,
  ...ours,
];

/** (e) Messages that are sent the moment a connection is open. The one work that is judged. */
export async function early(bench: Bench): Promise<Section> {
  const results: { readonly contestant: Contestant; readonly counts: EarlyCounts }[] = [];
  for (const contestant of chosen(bench, everyone)) {
    results.push({ contestant, counts: await send(bench, contestant) });
  }
  return {
    title: `Early messages: ${connections} connections, ${perConnection} messages each on open, a strategy of ${verifyDelayMs} ms`,
    header: ['contender', 'sent', 'handled without a user', 'lost', 'reordered'],
    rows: results.map(({ contestant, counts }) => {
      const { sent, withoutUser, lost, reordered } = counts;
      return [contestant.label, ...[sent, withoutUser, lost, reordered].map(String)];
    }),
    notes: [],
    failures: results
      .filter(({ contestant, counts }) => ours.includes(contestant) && !isClean(counts))
      .map(({ contestant }) => `${contestant.label}: early messages were not all handled in order`),
  };
}

async function send(bench: Bench, contestant: Contestant): Promise<EarlyCounts> {
  const { label, name, way } = contestant;
  await using server = await bench.startServer(name, { verifyDelayMs });
  const { port, pid } = server;
  const plan: EarlyPlan = {
    port,
    pid,
    perConnection,
    patienceMs: ours.includes(contestant) ? patienceMs.ours : patienceMs.others,
    dialogue: way.dialogue,
    credentials: tokens(bench.secret, connections),
    message: way.early!,
    count: connections,
    inFlight: 256,
  };
  return await explain(label, bench.load.ask<EarlyCounts>('early', plan));
}

function isClean({ withoutUser, lost, reordered }: EarlyCounts): boolean {
  return withoutUser === 0 && lost === 0 && reordered === 0;
}
