import type { WsAuthCloseAction } from '../protocol/close-code.js';

/** How `ws`, and React Native on both of its systems, word an upgrade that was answered with a status. */
const refusedUpgrade = /(?:response:|server:|but was) '?(\d{3})/;

/** The status in the words of an error; 0 if they hold none, as in browsers. */
export function statusIn(message = ''): number {
  return Number(refusedUpgrade.exec(message)?.[1] ?? 0);
}

/**
 * What the status of a refused upgrade, or of the cookie bridge, asks for.
 *
 * Only an answer that finds fault with the request itself is final. Everything else may come of a proxy that is being set
 * up, does not pass `Upgrade` on or shows a page of its own, and passes.
 */
export function statusActionOf(status: number): WsAuthCloseAction {
  if (status === 401) {
    return 'newToken';
  }
  return /^4(?!04|08|2[1569])/.test(`${status}`) ? 'terminal' : 'backOff';
}

/** Reason and action of an end that is known by its status. */
export function refusedWith(
  status: number,
): [reason: string, { readonly action: WsAuthCloseAction }] {
  return [`refused with ${status}`, { action: statusActionOf(status) }];
}

type Fields = Partial<Record<'code' | 'name' | 'cause', unknown>>;

/**
 * What may be shown of an error: its code, such as `ECONNREFUSED`, or its name. Messages quote URLs and subprotocols, and
 * with them the token.
 */
export function causeIn(error: unknown): Error | undefined {
  const { code, name, cause }: Fields = Object(error);
  const { code: inner }: Fields = Object(cause);
  const known = [code, inner, name].find(
    (each) => typeof each === 'string' && /^(?!Error$)[A-Z]\w+$/.test(each),
  );
  return known ? Object.assign(new Error(known as string), { code: known }) : undefined;
}
