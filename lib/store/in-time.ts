import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import { waitAtMost } from './wait-at-most.js';

/** Longest wait in milliseconds for one answer of a store. Those of this package answer, or fail, much sooner. */
const answerMs = 10_000;

/**
 * What a store answers, within ten seconds.
 *
 * @throws {WsAuthStoreError} if it does not answer in time: a store of the application may never do so
 */
export async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const asked = Promise.resolve(answer);
  if (!(await waitAtMost(answerMs, asked))) {
    throw new WsAuthStoreError('the store did not answer in time');
  }
  return asked;
}
