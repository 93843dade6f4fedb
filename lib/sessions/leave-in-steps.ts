import { setTimeout as delay } from 'node:timers/promises';
import type { LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';

/** How fast sessions leave, in milliseconds and sessions a step; without a batch, evenly. */
export interface LeavingPace {
  readonly overMs: number;
  readonly batch: number | undefined;
}

/** Longest time in milliseconds between the notice to a client and the end of its session: it connects elsewhere meanwhile. */
export const longestNoticeMs = 5_000;

/** Time in milliseconds between two steps of sessions that leave evenly. More of them would not make it any smoother. */
const evenStepMs = 250;

/** Sessions in one step at most, unless the caller states another number. */
const largestBatch = 100;

/** Time in milliseconds after which the condition of a wait is looked at again. */
const lookAgainMs = 100;

/**
 * Has sessions leave in batches that are spread over a time. Each client receives a notice some time before its session ends. The
 * last batch ends when the time is over.
 *
 * @param permit returns which sessions of a batch may leave when its turn has come; without it, all of them
 */
export async function leaveInSteps(
  live: LiveSessions,
  sessions: readonly LiveSession[],
  { overMs, batch: stated }: LeavingPace,
  permit?: (batch: readonly LiveSession[]) => Promise<readonly LiveSession[]>,
): Promise<void> {
  const isEmpty = () => live.size === 0;
  const noticeMs = Math.min(longestNoticeMs, overMs / 2);
  const batch = stated ?? evenBatch(sessions.length, overMs - noticeMs);
  const count = Math.ceil(sessions.length / batch);
  const lastAt = performance.now() + overMs - noticeMs;
  for (let index = 0; index < count; index += 1) {
    // From now on, so that a step that was late is made up for by all others, and not by a burst.
    const now = performance.now();
    await waitUntil(index === 0 ? now : now + (lastAt - now) / (count - index), isEmpty);
    const next = sessions.slice(index * batch, (index + 1) * batch);
    const leaving = permit ? await permit(next) : next;
    leaving.forEach((each) => live.noteLeaving(each));
    announce(leaving, noticeMs);
  }
  await waitUntil(performance.now() + noticeMs, isEmpty);
}

/** Sessions in one step, so that all of them leave in equal steps over a time. */
function evenBatch(sessions: number, spreadMs: number): number {
  const steps = 1 + Math.floor(spreadMs / evenStepMs);
  return Math.min(largestBatch, Math.max(1, Math.ceil(sessions / steps)));
}

/**
 * Sends the notice, and ends the sessions after it whatever the next steps wait for: from its notice on a session has no place among
 * the sessions of its user.
 */
function announce(sessions: readonly LiveSession[], noticeMs: number): void {
  const leave = () => sessions.forEach((each) => each.leave());
  sessions.forEach((each) => each.announceLeaving(noticeMs));
  if (noticeMs === 0) {
    leave();
  } else {
    setTimeout(leave, noticeMs).unref();
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
