import { WsAuthError } from './ws-auth.error.js';

/**
 * Thrown when the store of tickets and revocations is unreachable, or gives an answer that cannot be read.
 *
 * @example
 * ```ts
 * try {
 *   await sessions.revoke({ userId: 'alice' });
 * } catch (error) {
 *   if (error instanceof WsAuthStoreError) {
 *     throw new ServiceUnavailableException(); // the caller tries again
 *   }
 *   throw error;
 * }
 * ```
 * @publicApi
 */
export class WsAuthStoreError extends WsAuthError {
  /** @param message constant text without keys or values: it is logged */
  constructor(message: string, options: ErrorOptions = {}) {
    super('ERR_WS_AUTH_STORE_UNAVAILABLE', message, {
      ...options,
      httpStatus: 503,
      closeCode: 1013,
    });
  }

  /** Lets a strategy that throws it be refused with 503, as Nest's own exceptions are. */
  getStatus(): number {
    return 503;
  }
}
