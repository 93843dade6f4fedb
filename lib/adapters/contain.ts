import { ContainedLogger } from '../events/contained-logger.js';
import { isThenable } from '../passport/thenable.js';
import { logError } from '../protocol/log-text.js';

const logger = new ContainedLogger('WsAuth');

/**
 * Runs code that may fail without ending the process: an exception in a callback of `ws` or of a timer has no caller that
 * could catch it, and clients can often cause one at will.
 *
 * @param what names the code in the log line
 */
export function contain(what: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    logFault(what, error);
  }
}

/** The same for code that may also reject. */
export function callContained(run: () => unknown, onFault: (error: unknown) => void): void {
  try {
    const returned = run();
    if (isThenable(returned)) {
      returned.then(undefined, onFault);
    }
  } catch (error) {
    onFault(error);
  }
}

/** Logs an exception of a handler as Nest does, or without its message where that cannot be read. */
export function logException(error: unknown): void {
  logger.error(error);
}

/** Logs what application code threw: where it came from, without its message, which may quote a credential. */
export function logFault(what: string, error: unknown): void {
  logger.error(`${what} threw: ${logError(error)}`);
}
