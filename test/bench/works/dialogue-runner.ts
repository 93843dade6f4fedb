import type { Bench } from '../bench.js';
import type { Cost, Dialogue, DialoguePlan } from '../load/dialogue.js';
import type { Server } from '../processes/server.js';
import type { Runner } from './alternate.js';

/** Clients that all send the same. */
export interface DialogueWork {
  readonly label: string;
  readonly server: Server;
  readonly dialogue: Dialogue;
  /** Fresh ones for each slice, so that single-use ones work. */
  credentials(count: number): Promise<readonly string[]>;
}

/** Clients of a contender at a time. */
export const inFlight = 64;

/** A slice of whole connections, behind a few that are not counted and fill the caches. */
export function dialogueRunner(bench: Bench, work: DialogueWork, count: number): Runner {
  const { label, server, dialogue } = work;
  const { port, pid } = server;
  const play = async (operations: number) => {
    const credentials = await work.credentials(operations);
    const plan: DialoguePlan = { port, pid, dialogue, credentials, count: operations, inFlight };
    return explain(label, bench.load.ask<Cost>('dialogues', plan));
  };
  return {
    slice: async () => {
      if (count > inFlight) {
        await play(inFlight);
      }
      return play(count);
    },
  };
}

/** Names the contender. */
export async function explain<Value>(label: string, asked: Promise<Value>): Promise<Value> {
  try {
    return await asked;
  } catch (cause) {
    throw new Error(`${label}: ${(cause as Error).message}`, { cause });
  }
}
