import { EventEmitter } from 'node:events';
import type { WsCredentialExtractor } from '../credentials/extractor.js';
import { anotherCopy } from '../errors/another-copy.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { WsAuthMiddleware } from '../passport/express-request.js';
import { isSendableCloseCode } from '../protocol/close-code.js';
import { hasControlCharacter } from '../protocol/header-syntax.js';
import { demandWholeExtractor, isExtractor, isOfAnotherCopy } from './check-extractor.js';
import { checkFunction, checkSynchronous, describe } from './check-option.js';
import { demandDistinctPlaces } from './distinct-places.js';
import type { WsAuthModuleOptions } from './options.js';
import { originPolicy } from './origin-policy.js';
import { proxyTrust } from './proxy-trust.js';

export function checkCredentials(name: string, value: unknown): readonly WsCredentialExtractor[] {
  // Other methods skip the holes of a list.
  const given: unknown = Array.isArray(value) ? Array.from(value as unknown[]) : value;
  if (Array.isArray(given) && given.length === 0) {
    throw new WsAuthConfigurationError(
      `${name}: the list is empty; name an extractor such as fromAuthorizationHeader(), or mark the gateway @WsPublic()`,
    );
  }
  if (!Array.isArray(given) || !given.every(isExtractor)) {
    const copy = Array.isArray(given) && given.some(isOfAnotherCopy) ? `; ${anotherCopy}` : '';
    throw new WsAuthConfigurationError(
      `${name}: expected extractors such as fromAuthorizationHeader(), called, in a list${copy}`,
    );
  }
  if (given.filter(({ phase }) => phase === 'message').length > 1) {
    throw new WsAuthConfigurationError(`${name}: fromFirstMessage() is listed twice`);
  }
  given.forEach((each) => demandWholeExtractor(name, each));
  demandDistinctPlaces(name, given);
  return given;
}

type AllowedOrigins = NonNullable<WsAuthModuleOptions['allowedOrigins']>;

/** Which credentials the origins are for is judged with the whole policy. */
export function checkAllowedOrigins(name: string, value: unknown): AllowedOrigins {
  if (typeof value === 'function') {
    checkFunction(name, value);
  }
  originPolicy(value as AllowedOrigins, false);
  return value as AllowedOrigins;
}

type TrustProxy = NonNullable<WsAuthModuleOptions['trustProxy']>;

export function checkTrustProxy(name: string, value: unknown): TrustProxy {
  if (typeof value === 'function') {
    checkSynchronous(name, value);
  }
  proxyTrust(value as TrustProxy);
  return value as TrustProxy;
}

export function checkRealm(name: string, value: unknown): string {
  if (typeof value !== 'string' || hasControlCharacter(value)) {
    throw new WsAuthConfigurationError(`${name}: expected a string without control characters`);
  }
  return value;
}

export function checkCloseCode(name: string, value: unknown): number {
  if (typeof value !== 'number' || !isSendableCloseCode(value)) {
    throw new WsAuthConfigurationError(
      `${name}: expected 1000, 1001, 1003, 1007-1009, 1011-1013 or 3000-4999, got ${describe(value)}`,
    );
  }
  return value;
}

export function checkMiddleware(name: string, value: unknown): readonly WsAuthMiddleware[] {
  if (!Array.isArray(value)) {
    throw new WsAuthConfigurationError(`${name}: expected functions in a list`);
  }
  // A hole would end the list when it runs.
  return Object.freeze(
    Array.from(value as unknown[], (each) => checkFunction(name, each as WsAuthMiddleware)),
  );
}

/** What a WebSocket has besides the members of an event emitter. */
const clientMembers: ReadonlySet<string> = new Set(
  (
    'CONNECTING OPEN CLOSING CLOSED binaryType bufferedAmount extensions isPaused protocol readyState url ' +
    'onopen onclose onerror onmessage addEventListener removeEventListener ' +
    'close emitClose pause ping pong resume send setSocket terminate'
  ).split(' '),
);

export function checkProperty(name: string, value: unknown): string {
  const taken = /^(?:_|wsAuth|$)/;
  if (
    typeof value !== 'string' ||
    taken.test(value) ||
    clientMembers.has(value) ||
    value in EventEmitter.prototype
  ) {
    throw new WsAuthConfigurationError(
      `${name}: expected a name such as 'user' that a client does not have already`,
    );
  }
  return value;
}

/** Refuses two events with one name: their messages could not be distinguished. */
export function demandDistinctNames(option: string, names: object): void {
  const all: unknown[] = Object.values(names);
  if (new Set(all).size < all.length) {
    throw new WsAuthConfigurationError(`${option}: expected a different name for each event`);
  }
}
