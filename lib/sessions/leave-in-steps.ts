import { setTimeout as delay } from 'node:timers/promises';
import type { LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';

/** How fast sessions leave, in milliseconds and sessions a step. */
export interface LeavingPace {
  readonly overMs: number;
  readonly batch: number;
}

/** Longest time in milliseconds between the notice to a client and the end of its session: it connects elsewhere meanwhile. */
export const longestNoticeMs = 5_000;

/** Time in milliseconds after which the condition of a wait is looked at again. */
const lookAgainMs = 100;

/** Something that is done while sessions leave, in milliseconds from the beginning. */
interface Step {
  readonly at: number;
  readonly run: () => void | Promise<void>;
}

/**
 * Has sessions leave in batches that are spread over a time. Each client receives a notice some time before its session ends, and
 * every session that was announced ends.
 *
 * @param permit returns how many sessions of a batch may leave when its turn has come; without it, all of them
 */
export async function leaveInSteps(
  live: LiveSessions,
  sessions: readonly LiveSession[],
  pace: LeavingPace,
  permit?: (batch: readonly LiveSession[]) => Promise<readonly LiveSession[]>,
): Promise<void> {
  const beganAt = performance.now();
  for (const { at, run } of stepsOf(sessions, pace, permit)) {
    await waitUntil(beganAt + at, () => live.size === 0);
    await run();
  }
}

/** Waits for an instant in monotonic milliseconds, or until a condition holds. */
export async function waitUntil(instant: number, isOver: () => boolean): Promise<void> {
  for (;;) {
    const leftMs = instant - performance.now();
    if (leftMs <= 0 || isOver()) {
      return;
    }
    await delay(Math.min(leftMs, lookAgainMs));
  }
}

/** The notice to each batch, and its end. The last batch ends when the time is over. */
function stepsOf(
  sessions: readonly LiveSession[],
  { overMs, batch }: LeavingPace,
  permit: Parameters<typeof leaveInSteps>[3],
): readonly Step[] {
  const noticeMs = Math.min(longestNoticeMs, overMs / 2);
  const count = Math.ceil(sessions.length / batch);
  const spreadMs = (overMs - noticeMs) / Math.max(1, count - 1);
  const steps = Array.from({ length: count }, (_, index) => {
    let leaving: readonly LiveSession[] = sessions.slice(index * batch, (index + 1) * batch);
    const at = index * spreadMs;
    const announce = async () => {
      leaving = permit ? await permit(leaving) : leaving;
      leaving.forEach((each) => each.announceLeaving(noticeMs));
    };
    return [
      { at, run: announce },
      { at: at + noticeMs, run: () => leaving.forEach((each) => each.leave()) },
    ];
  });
  return steps.flat().toSorted((one, other) => one.at - other.at);
}
