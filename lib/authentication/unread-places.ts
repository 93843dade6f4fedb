import { queryPairs } from '../credentials/query.js';
import type { OriginalParts } from '../credentials/redaction.js';
import type { Refusal } from '../protocol/refusal.js';
import { safeFieldNames } from '../protocol/safe-name.js';

/** Codes of refusals for want of a credential. */
const wanting: ReadonlySet<string> = new Set([
  'ERR_WS_AUTH_CREDENTIAL_REQUIRED',
  'ERR_WS_AUTH_TIMEOUT',
]);

/** Parameters of engine.io itself. */
const ofEngine: ReadonlySet<string> = new Set(['EIO', 'transport', 't', 'sid', 'b64', 'j']);

/** Header fields whose names promise a credential, such as `x-access-token` or `api-key`. */
const promising = /token|auth|jwt|api-?key|credential|bearer/;

/** Length of the longest name of a subprotocol, and its digits. */
const maxNameLength = 32;
const maxDigits = 3;

/** Most names of one kind that a log line has. */
const maxNames = 5;

/**
 * Adds to a refusal for want of a credential where the handshake held anything that could be one: most often the token stands in a
 * place that no extractor of the gateway reads, or it was read and rejected.
 *
 * @param passedOver the refusal of a credential of the handshake, which did not keep a first message out
 */
export function withUnread(
  refusal: Refusal,
  original: OriginalParts,
  passedOver?: Refusal,
): Refusal {
  if (!wanting.has(refusal.code)) {
    return refusal;
  }
  if (passedOver) {
    const { check, extractor, strategies } = passedOver.diagnosis;
    const rejected = {
      ...(check && { check }),
      ...(extractor !== undefined && { extractor }),
      ...(strategies && { strategies }),
    };
    return refusal.diagnosed({ rejected });
  }
  const unread = placesIn(original);
  return unread.length === 0 ? refusal : refusal.diagnosed({ unread });
}

/** Whether the handshake holds anything that could be a credential. */
export function mayHoldToken(original: OriginalParts): boolean {
  return placesIn(original).length > 0;
}

/** Names of places, never values: `authorization`, `?access_token`, `cookie:jwt`, `x-access-token`. */
function placesIn({ url, headers }: OriginalParts): readonly string[] {
  const { authorization, cookie = '', 'sec-websocket-protocol': subprotocols, ...rest } = headers;
  const fields = Object.keys(rest).filter((name) => promising.test(name));
  // What stands alone may be the token itself.
  const pairs = queryPairs(url.split('?', 2)[1] ?? '').filter(({ value }) => value !== '');
  const params = pairs.map(({ name }) => name);
  const isEngine = params.includes('EIO');
  const ofClient = params.filter((name) => !isEngine || !ofEngine.has(name));
  const cookies = cookieNames(cookie);
  return [
    ...(authorization === undefined ? [] : ['authorization']),
    ...(mayNameToken(subprotocols) ? ['sec-websocket-protocol'] : []),
    ...safe(fields),
    ...safe(ofClient).map((name) => `?${name}`),
    ...safe(cookies).map((name) => `cookie:${name}`),
  ];
}

/**
 * Whether a list of subprotocols may hold a token. Most clients offer names alone, such as `graphql-transport-ws`, `v12.stomp` or
 * `v5.channel.k8s.io`: they are short, and have few digits.
 */
function mayNameToken(subprotocols = ''): boolean {
  return subprotocols
    .split(',')
    .map((entry) => entry.trim())
    .some(
      (entry) =>
        promising.test(entry.toLowerCase()) ||
        entry.length > maxNameLength ||
        entry.replace(/\D/g, '').length > maxDigits,
    );
}

/** Names of the cookies in a header. An expression that skips white space takes quadratic time to skip 16 KB of it. */
function cookieNames(cookie: string): readonly string[] {
  const pairs = cookie.split(';').filter((pair) => pair.includes('='));
  return pairs.map((pair) => pair.slice(0, pair.indexOf('=')).trim()).filter(Boolean);
}

function safe(names: readonly string[]): readonly string[] {
  const some = Object.fromEntries(names.slice(0, maxNames).map((name) => [name, true]));
  return safeFieldNames(some).filter((name) => !/[?.]/.test(name));
}
