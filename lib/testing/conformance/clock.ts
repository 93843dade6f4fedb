/**
 * Runs with a wall clock that is ahead of the timers, as after an event loop that was blocked: what is over by the clock is over,
 * although its timer has not run yet.
 */
export async function withClockAhead<Value>(
  byMs: number,
  run: () => Promise<Value>,
): Promise<Value> {
  const { now } = Date;
  Date.now = () => now.call(Date) + byMs;
  try {
    return await run();
  } finally {
    Date.now = now;
  }
}
