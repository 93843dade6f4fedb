import type { Bench } from '../bench.js';
import type { Dialogue } from '../load/dialogue.js';
import type { Server } from '../processes/server.js';
import { costSection } from '../report/cost-section.js';
import type { Section } from '../report/section.js';
import { alternate, type Series } from './alternate.js';
import { everyone, observed, onGraphql, onSocketIo, type Contestant } from './contestants.js';
import { dialogueRunner, inFlight } from './dialogue-runner.js';
import { chosen } from './chosen.js';
import { tokens } from './tokens.js';

/** (a) Connect, authenticate, first echo, close. */
export async function connect(bench: Bench): Promise<Section> {
  const series = await compare(bench, everyone);
  return costSection(`Connect, authenticate, first echo, close (${inFlight} in flight)`, series);
}

/** The same on Socket.IO. */
export async function connectSocketIo(bench: Bench): Promise<Section> {
  const series = await compare(bench, onSocketIo);
  return costSection(`Connect on Socket.IO, over WebSocket (${inFlight} in flight)`, series);
}

/** Subscriptions of GraphQL: a connection, its token, a first delivery. */
export async function connectGraphql(bench: Bench): Promise<Section> {
  const series = await compare(bench, onGraphql);
  return costSection(
    `Connect, subscribe, first delivery, close: GraphQL (${inFlight} in flight)`,
    series,
  );
}

/** The same with OpenTelemetry. */
export async function telemetry(bench: Bench): Promise<Section> {
  const series = await compare(bench, observed);
  return costSection(`Connect with OpenTelemetry (${inFlight} in flight)`, series);
}

function compare(bench: Bench, contestants: readonly Contestant[]): Promise<Series[]> {
  const shared = tokens(bench.secret, 512);
  return alternate({
    contenders: chosen(bench, contestants),
    start: async (contestant, belongings) => {
      const server = await bench.serverFor(contestant.name, belongings);
      const work = {
        label: contestant.label,
        server,
        dialogue: withEcho(contestant),
        credentials: (count: number) => credentialsOf(contestant, server, shared, count),
      };
      return dialogueRunner(bench, work, bench.size(200, 100));
    },
    warmUp: bench.size(40, 2),
    sittings: bench.size(3, 1),
    rounds: bench.size(10, 2),
  });
}

export function withEcho({ way }: Contestant): Dialogue {
  return { ...way.dialogue, turns: [...way.dialogue.turns, way.echo] };
}

async function credentialsOf(
  { credentials }: Contestant,
  server: Server,
  shared: readonly string[],
  count: number,
): Promise<readonly string[]> {
  return credentials === 'tickets' ? server.run<string[]>('issueTickets', count) : shared;
}
