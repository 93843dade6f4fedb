import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';

/** What Redis answers, or a {@link WsAuthStoreError} if it answers with an error, or not in time. */
export async function answerWithin(timeoutMs: number, answer: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new WsAuthStoreError('redis did not answer in time'));
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (cause) {
    throw cause instanceof WsAuthStoreError
      ? cause
      : new WsAuthStoreError('redis refused a command', { cause });
  } finally {
    clearTimeout(timer);
  }
}
