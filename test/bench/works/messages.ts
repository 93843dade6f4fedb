import type { Bench } from '../bench.js';
import type { Belongings } from '../processes/belongings.js';
import type { Cost } from '../load/dialogue.js';
import type { EchoPlan, OpenPlan } from '../load/load.js';
import { costSection } from '../report/cost-section.js';
import type { Section } from '../report/section.js';
import { alternate, type Runner, type Series } from './alternate.js';
import { chosen } from './chosen.js';
import {
  again,
  handWritten,
  oursEverything,
  oursUpgrade,
  perMessage,
  stock,
  withSocketIo,
  onSocketIo,
  type Contestant,
} from './contestants.js';
import { explain } from './dialogue-runner.js';
import { tokens } from './tokens.js';

const connections = 50;

const everyone: readonly Contestant[] = [
  handWritten,
  again(handWritten),
  stock,
  perMessage,
  withSocketIo,
  oursUpgrade,
  oursEverything,
];

/** (c) Messages on open connections. */
export async function messages(bench: Bench): Promise<Section> {
  return costSection(`Echo, ${connections} connections, 64 bytes`, await compare(bench, everyone));
}

/** The same on Socket.IO. */
export async function messagesSocketIo(bench: Bench): Promise<Section> {
  return costSection(
    `Echo on Socket.IO, ${connections} connections, 64 bytes`,
    await compare(bench, onSocketIo),
  );
}

function compare(bench: Bench, contenders: readonly Contestant[]): Promise<Series[]> {
  return alternate({
    contenders: chosen(bench, contenders),
    start: (contestant, belongings) => openGroup(bench, contestant, belongings),
    warmUp: bench.size(6, 1),
    sittings: bench.size(4, 1),
    rounds: bench.size(6, 2),
  });
}

async function openGroup(
  bench: Bench,
  { label: group, name, way }: Contestant,
  belongings: Belongings,
): Promise<Runner> {
  const { port, pid } = await bench.serverFor(name, belongings);
  const plan: OpenPlan = {
    group,
    port,
    pid,
    dialogue: way.dialogue,
    credentials: tokens(bench.secret, connections),
    count: connections,
    inFlight: connections,
  };
  await explain(group, bench.load.ask('open', plan));
  belongings.defer(() => bench.load.ask('destroy', group));
  const operations = bench.size(4_000, 2_000);
  const echo: EchoPlan = { group, pid, text: way.echo.send, operations };
  return { slice: () => bench.load.ask<Cost>('echo', echo) };
}
