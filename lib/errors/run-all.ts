/**
 * Runs every callback, also after one that throws: a loop that stops there would leave sessions open.
 *
 * @throws the first error, once all callbacks have run
 */
export function runAll(callbacks: Iterable<() => void>): void {
  const errors: unknown[] = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw errors[0];
  }
}
