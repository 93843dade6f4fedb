import { patient } from '../../support/patience.js';

/** Waits until something holds, or fails with what holds instead. */
export async function until(holds: () => boolean, what: () => unknown = () => ''): Promise<void> {
  const deadline = Date.now() + patient(10_000);
  while (!holds()) {
    if (Date.now() > deadline) {
      throw new Error(`it does not become true: ${JSON.stringify(what())}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
