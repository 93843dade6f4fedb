import type { Bench } from '../bench.js';
import type { Dialogue } from '../load/dialogue.js';
import type { Server } from '../processes/server.js';
import { costSection } from '../report/cost-section.js';
import type { Section } from '../report/section.js';
import { alternate } from './alternate.js';
import { everyone, type Contestant } from './contestants.js';
import { dialogueRunner, inFlight } from './dialogue-runner.js';
import { chosen } from './chosen.js';
import { tokens } from './tokens.js';

/** (a) Connect, authenticate, first echo, close. */
export async function connect(bench: Bench): Promise<Section> {
  const shared = tokens(bench.secret, 512);
  const series = await alternate({
    contenders: chosen(bench, everyone),
    start: async (contestant, belongings) => {
      const server = belongings.use(await bench.startServer(contestant.name));
      const work = {
        label: contestant.label,
        server,
        dialogue: withEcho(contestant),
        credentials: (count: number) => credentialsOf(contestant, server, shared, count),
      };
      return dialogueRunner(bench, work, bench.size(250, 100));
    },
    warmUp: bench.size(12, 2),
    rounds: bench.size(16, 2),
  });
  return costSection(`Connect, authenticate, first echo, close (${inFlight} in flight)`, series);
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
