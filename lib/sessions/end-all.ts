import { runAll } from '../errors/run-all.js';
import type { Ending, LiveSession } from './live-session.js';

/** Ends sessions, all but one, and returns how many. */
export function endAll(
  sessions: readonly LiveSession[],
  ending: Ending,
  exceptSessionId?: string,
): number {
  const ended = sessions.filter(({ session }) => session.id !== exceptSessionId);
  runAll(ended.map((live) => () => live.end(ending)));
  return ended.length;
}
