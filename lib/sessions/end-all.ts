import type { Ending, LiveSession } from './live-session.js';

/**
 * Ends sessions, all but one, also after one whose end throws.
 *
 * @returns how many
 * @throws the first error, once all have ended
 */
export function endAll(
  sessions: Iterable<LiveSession>,
  ending: Ending,
  exceptSessionId?: string,
): number {
  let count = 0;
  const errors: unknown[] = [];
  for (const live of sessions) {
    if (live.session.id !== exceptSessionId) {
      count += 1;
      try {
        live.end(ending);
      } catch (error) {
        errors.push(error);
      }
    }
  }
  if (errors.length > 0) {
    throw errors[0];
  }
  return count;
}
