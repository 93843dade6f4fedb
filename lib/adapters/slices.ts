import type { Ending } from '../sessions/live-session.js';
import { contain } from './contain.js';

/**
 * Milliseconds for which the event loop may be busy with such jobs before it turns to other work. The answers of the peers
 * come back together, and cost several times as much.
 */
const sliceMs = 4;

const jobs: (() => void)[] = [];
let next = 0;
let scheduled = false;

/**
 * Runs a job soon. When ten thousand sessions are warned or end simultaneously (a revoked user, tokens of the same second),
 * their frames go out in slices, between which the event loop serves all other clients.
 *
 * A job that throws is logged, and the jobs behind it run.
 */
export function scheduleInSlices(job: () => void): void {
  jobs.push(job);
  if (!scheduled) {
    scheduled = true;
    setImmediate(drain);
  }
}

/**
 * Runs what closes the connection of a session that ends. At a shutdown every session has its turn already, by
 * `SessionLifecycle.leave()`, and its close frame goes out with its end.
 */
export function closeInTurn({ why }: Pick<Ending, 'why'>, close: () => void): void {
  if (why === 'shutdown') {
    close();
  } else {
    scheduleInSlices(close);
  }
}

function drain(): void {
  const end = performance.now() + sliceMs;
  while (next < jobs.length && performance.now() < end) {
    const job = jobs[next]!;
    next += 1;
    contain('closing or warning a client', job);
  }
  if (next < jobs.length) {
    setImmediate(drain);
  } else {
    jobs.length = 0;
    next = 0;
    scheduled = false;
  }
}
