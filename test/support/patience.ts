/**
 * How many times longer than on a quiet machine everything may take: `TEST_PATIENCE=4 npm test`.
 *
 * Every time limit of the tests is multiplied by it. No test asserts a duration.
 */
const patience = Number(process.env['TEST_PATIENCE'] ?? '1');

if (!(patience >= 1)) {
  throw new Error('TEST_PATIENCE: expected a number of at least 1');
}

/** A time limit in milliseconds, scaled to the machine. */
export function patient(ms: number): number {
  return ms * patience;
}

/** Longest time in milliseconds to wait for an event that another process or peer causes. */
export const patienceMs: number = patient(20_000);
