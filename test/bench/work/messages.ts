import type { Bench } from '../bench.js';
import { Belongings } from '../processes/belongings.js';
import type { Cost } from '../load/dialogue.js';
import type { EchoPlan, OpenPlan } from '../load/load.js';
import { costSection } from '../report/cost-section.js';
import type { Section } from '../report/section.js';
import { alternate, type Runner } from './alternate.js';
import { chosen } from './chosen.js';
import {
  again,
  handWritten,
  oursEverything,
  oursUpgrade,
  perMessage,
  stock,
  withSocketIo,
  type Contestant,
} from './contestants.js';
import { explain, warmUp } from './dialogue-runner.js';
import { tokens } from './tokens.js';

const connections = 50;

const everyone: readonly Contestant[] = [
  stock,
  again(stock),
  handWritten,
  perMessage,
  withSocketIo,
  oursUpgrade,
  oursEverything,
];

/** (c) Messages on open connections. */
export async function messages(bench: Bench): Promise<Section> {
  await using belongings = new Belongings();
  const runners: Runner[] = [];
  for (const contestant of chosen(bench, everyone)) {
    const { label: group, name, way } = contestant;
    const server = belongings.use(await bench.startServer(name));
    const { port, pid } = server;
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
    const echo: EchoPlan = {
      group,
      pid,
      text: way.echo.send,
      operations: bench.size(8_000, 3_000),
    };
    runners.push({ label: group, slice: () => bench.load.ask<Cost>('echo', echo) });
  }
  await warmUp(runners, 3);
  const series = await alternate(runners, bench.size(20, 3));
  return costSection(`Echo, ${connections} connections, 64 bytes`, series);
}
