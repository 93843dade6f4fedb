import { ContainedLogger } from '../events/contained-logger.js';
import { inPieces } from '../cluster/in-pieces.js';
import { logError } from '../protocol/log-text.js';
import type { Ending, LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';

const logger = new ContainedLogger('WsAuth');

/**
 * Ends sessions, all but one, also after one whose end throws. Nothing passes on any of them from the call on; where they are
 * thousands, they are closed in pieces, between which the event loop serves others.
 *
 * @returns how many
 */
export function endAll(
  live: LiveSessions,
  sessions: Iterable<LiveSession>,
  ending: Ending,
  exceptSessionId?: string,
): number {
  const ended = [...sessions].filter(({ session }) => session.id !== exceptSessionId);
  for (const each of ended) {
    live.noteOver(each, ending);
  }
  inPieces(ended, (each) => each.end(ending), Number.POSITIVE_INFINITY).catch((error: unknown) =>
    logger.error(`the end of a session threw: ${logError(error)}`),
  );
  return ended.length;
}
