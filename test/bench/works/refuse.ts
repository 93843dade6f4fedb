import type { Bench } from '../bench.js';
import type { Dialogue } from '../load/dialogue.js';
import { bearerField, handshake } from '../load/requests.js';
import { costSection } from '../report/cost-section.js';
import type { Section } from '../report/section.js';
import { alternate, type Series } from './alternate.js';
import { chosen } from './chosen.js';
import {
  again,
  handWritten,
  handWrittenFirst,
  inHandleConnection,
  oursEverything,
  oursFirst,
  oursUpgrade,
  perMessage,
  withSocketIo,
  onGraphql,
  onSocketIo,
  type Contestant,
} from './contestants.js';
import { dialogueRunner, inFlight } from './dialogue-runner.js';
import { forgedTokens } from './tokens.js';
import { byUpgrade } from './ways.js';

/** A client that is refused. */
interface Refused {
  readonly label: string;
  readonly name: Contestant['name'];
  readonly dialogue: Dialogue;
  /** How the very first ends, where that differs. */
  readonly first?: Dialogue['outcome'];
}

/** A token with a wrong signature. */
function forged(contestant: Contestant, changes: Partial<Dialogue>): Refused {
  const { label, name, way } = contestant;
  return { label, name, dialogue: { ...way.dialogue, ...changes } };
}

const status401 = { outcome: 401, turns: [] } as const;
const exception = { ...byUpgrade.echo, reply: 'exception' };
const strict = 'oursWithEverything';

/** A refusal that needs no strategy. */
function early(why: string, refused: Omit<Refused, 'label'>): Refused {
  return { label: `**ours**, no strategy: ${why}`, ...refused };
}

const everyone: readonly Refused[] = [
  forged(handWritten, status401),
  forged(again(handWritten), status401),
  forged(handWrittenFirst, { outcome: 'closed' }),
  forged(inHandleConnection, { outcome: 'closed' }),
  forged(perMessage, { turns: [exception] }),
  // It hangs up without a word.
  forged(withSocketIo, { greeting: '', turns: [], outcome: 0 }),
  forged(oursUpgrade, status401),
  forged(oursFirst, { outcome: 'closed' }),
  forged(oursEverything, status401),
  early('bad handshake', {
    name: strict,
    dialogue: {
      ...status401,
      handshake: handshake({ fields: [bearerField], version: '12' }),
      outcome: 426,
    },
  }),
  early('wrong origin', {
    name: strict,
    dialogue: {
      ...status401,
      handshake: handshake({ fields: [bearerField], origin: 'https://evil.example' }),
      outcome: 403,
    },
  }),
  early('over the limit', {
    name: 'oursOverTheLimit',
    dialogue: { ...byUpgrade.dialogue, ...status401, outcome: 429 },
    first: 401,
  }),
];

/** It hangs up without a word, except ours. */
const everyoneOnSocketIo = onSocketIo.map((each) =>
  forged(each, { greeting: '', turns: [], outcome: each.name === 'oursWithSocketIo' ? 401 : 0 }),
);

const everyoneOnGraphql = onGraphql.map((each) => forged(each, { outcome: 'closed' }));

/** (b) Refused connects. */
export async function refuse(bench: Bench): Promise<Section> {
  const series = await compare(bench, everyone);
  return costSection(`Refused connect, wrong signature (${inFlight} in flight)`, series);
}

/** The same on Socket.IO. */
export async function refuseSocketIo(bench: Bench): Promise<Section> {
  const series = await compare(bench, everyoneOnSocketIo);
  return costSection(
    `Refused connect on Socket.IO, wrong signature (${inFlight} in flight)`,
    series,
  );
}

/** The same on GraphQL. */
export async function refuseGraphql(bench: Bench): Promise<Section> {
  const series = await compare(bench, everyoneOnGraphql);
  return costSection(`Refused connect on GraphQL, wrong signature (${inFlight} in flight)`, series);
}

function compare(bench: Bench, contenders: readonly Refused[]): Promise<Series[]> {
  const shared = forgedTokens(512);
  const credentials = () => Promise.resolve(shared);
  return alternate({
    contenders: chosen(bench, contenders),
    start: async ({ label, name, dialogue, first }, belongings) => {
      const server = await bench.serverFor(name, belongings);
      if (first !== undefined) {
        const primed = { ...dialogue, outcome: first };
        await dialogueRunner(bench, { label, server, dialogue: primed, credentials }, 1).slice();
      }
      const work = { label, server, dialogue, credentials };
      return dialogueRunner(bench, work, bench.size(350, 150));
    },
    warmUp: bench.size(12, 2),
    sittings: bench.size(3, 1),
    rounds: bench.size(8, 2),
  });
}
