/**
 * Milliseconds for which the event loop may be busy with such jobs before it sees to others. The answers of the peers
 * come back together, and cost several times as much.
 */
const sliceMs = 4;

const jobs: (() => void)[] = [];
let next = 0;
let scheduled = false;

/**
 * Runs a job soon. Ten thousand sessions that are warned or end at once (a revoked user, tokens of the same second) are dead
 * at once, and their frames go out in slices, between which the event loop answers everybody else.
 */
export function inSlices(job: () => void): void {
  jobs.push(job);
  if (!scheduled) {
    scheduled = true;
    setImmediate(drain);
  }
}

function drain(): void {
  const end = performance.now() + sliceMs;
  while (next < jobs.length && performance.now() < end) {
    jobs[next]!();
    next += 1;
  }
  if (next < jobs.length) {
    setImmediate(drain);
  } else {
    jobs.length = 0;
    next = 0;
    scheduled = false;
  }
}
