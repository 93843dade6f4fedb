import type { Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Turns of the event loop without a new connection, after which the last one is read and answered as well. */
const quietTurns = 3;

/** Turns after which connections that keep arriving are no longer waited for. */
const maxTurns = 100;

/**
 * Accepts the connections that wait in the backlog of a server that is about to close, so that their upgrades are answered.
 * The kernel resets those that it still holds when a server stops listening, and some clients take that for the end.
 */
export async function drainBacklog(server: Server): Promise<void> {
  let quiet = 0;
  const onConnection = () => (quiet = 0);
  server.on('connection', onConnection);
  for (let turn = 0; quiet < quietTurns && turn < maxTurns; turn += 1) {
    quiet += 1;
    await nextTurn();
  }
  server.off('connection', onConnection);
}
