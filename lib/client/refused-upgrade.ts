import type { WsAuthCloseAction } from '../protocol/close-code.js';

/** What `ws` says of an upgrade that was answered with a status. Browsers say nothing. */
const refusedUpgrade = /response: (\d+)$/;

/** The status in the words of an error; 0 if they hold none. */
export function statusIn(message: string): number {
  return Number(refusedUpgrade.exec(message)?.[1] ?? 0);
}

/** What the status of a refused upgrade, or of the cookie bridge, asks for; nothing if there is none. */
export function statusActionOf(status: number): WsAuthCloseAction | undefined {
  if (status === 401) {
    return 'newToken';
  }
  if (status === 0) {
    return undefined;
  }
  return status >= 500 || status === 408 || status === 429 ? 'backOff' : 'terminal';
}
