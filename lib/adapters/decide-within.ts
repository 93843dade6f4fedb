import { refusedBy, type Refusal } from '../protocol/refusal.js';

/**
 * What code of the application decides, or a refusal if it does not in time. The code may still run then.
 *
 * @throws what the decision rejects with
 */
export async function decideWithin<Decision>(
  timeoutMs: number,
  decision: PromiseLike<Decision>,
): Promise<Decision | Refusal> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Refusal>((resolve) => {
    timer = setTimeout(() => {
      resolve(refusedBy('deadline', 'ERR_WS_AUTH_UNAVAILABLE'));
    }, timeoutMs);
    timer.unref();
  });
  try {
    return await Promise.race([decision, late]);
  } finally {
    clearTimeout(timer);
  }
}
