import { setImmediate as nextTurn } from 'node:timers/promises';

/** Lets the event loop turn that often: promises, ticks and callbacks that are ready run, and no time passes. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await nextTurn();
  }
}

/** Lets everything run that is ready: three turns of the event loop. */
export function settle(): Promise<void> {
  return turns(3);
}
