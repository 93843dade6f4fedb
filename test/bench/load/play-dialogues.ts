import { Connection } from './connection.js';
import type { Dialogue, DialoguePlan } from './dialogue.js';
import { Player, scriptOf, type Script } from './script.js';

/** Scripts are made before anything is timed. */
export function scriptsOf({ dialogue, credentials }: DialoguePlan): readonly Script[] {
  return credentials.map((credential) => scriptOf(dialogue, credential));
}

/**
 * Plays as many dialogues as planned, a number of them at a time, to their end.
 *
 * @throws if one ends otherwise than it must
 */
export function playDialogues(plan: DialoguePlan, scripts: readonly Script[]): Promise<void> {
  const { dialogue, count, inFlight } = plan;
  return new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const callbacks = {
      onDone: (connection: Connection) => {
        if (dialogue.outcome === 'done') {
          connection.close();
        }
      },
      onEnd: (connection: Connection, player: Player) => {
        ended += 1;
        const outcome = outcomeOf(connection, player, dialogue);
        if (outcome !== dialogue.outcome) {
          reject(new Error(`expected ${dialogue.outcome}, got ${outcome}`));
        } else if (ended === count) {
          resolve();
        } else if (started < count) {
          start();
        }
      },
    };
    const start = () => {
      const script = scripts[started % scripts.length]!;
      started += 1;
      const player = new Player(script, dialogue.greeting, callbacks);
      Connection.open({ port: plan.port, handshake: script.handshake }, player);
    };
    for (let lane = 0; lane < Math.min(inFlight, count); lane += 1) {
      start();
    }
  });
}

function outcomeOf(connection: Connection, { done }: Player, { outcome }: Dialogue) {
  if (connection.status !== 101) {
    return connection.status;
  }
  return done && outcome === 'done' ? 'done' : connection.closedByServer ? 'closed' : 'lost';
}
