import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Credential, type CredentialContent } from '../credentials/credential.js';
import {
  presentsToken,
  type HandshakeExtractor,
  type WsCredentialExtractor,
} from '../credentials/extractor.js';
import { isThenable } from '../passport/thenable.js';
import { Site } from '../passport/middleware-application.js';
import { registersItself } from '../passport/registrations.js';
import type { Strategy } from '../passport/strategy.js';
import { strategyRequest } from '../passport/strategy-request.js';
import type { Policy } from '../policy/policy.js';
import { Attempt } from './attempt.js';

/** What the strategies of Passport keep of their options. */
interface KnownStrategy {
  /** Of passport-jwt: the function that extracts the token from a request. */
  readonly _jwtFromRequest?: unknown;
  /** Of passport-jwt: how it verifies tokens. */
  readonly _verifOpts?: { readonly algorithms?: unknown; readonly ignoreExpiration?: unknown };
  /** Of passport-local: the field of the body that it reads. */
  readonly _usernameField?: unknown;
}

const token = 'a.b.c';
const origin = { extractor: 'none', ambient: false, strategy: undefined };

/** A body that has every field: a client may send a first message with any. */
const anyBody: object = new Proxy(
  {},
  {
    get: () => token,
    has: () => true,
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: token }),
  },
);

/**
 * Whether a strategy looks for its credential where none of its extractors puts one, so that it refuses every client. Only
 * passport-jwt and passport-local are known well enough; of all others the answer is no.
 */
export function readsElsewhere(
  name: string,
  strategy: Strategy,
  policy: Policy,
): readonly string[] | undefined {
  const { handshakeExtractors, firstMessage } = policy;
  const extractors = [...handshakeExtractors, ...(firstMessage ? [firstMessage] : [])].filter(
    (each) => (each.strategy ?? policy.strategy).includes(name),
  );
  const contents = extractors.map(contentOf);
  if (contents.length === 0 || contents.includes(undefined)) {
    return undefined;
  }
  const misses = contents.every((content) => isMissed(content!, strategy, policy));
  return misses ? extractors.map((each) => each.name) : undefined;
}

/**
 * Settings of a strategy that work against what it is for, and how to mend them: options of passport-jwt by which it rejects every
 * token, or accepts tokens that are refused here.
 */
export function strategyTraps(strategy: Strategy, policy: Policy): readonly string[] {
  const { validate } = strategy as { validate?: unknown };
  if (registersItself(strategy) && typeof validate !== 'function') {
    return ['its class has no method validate(); add it, and return the user from it'];
  }
  return trapsOfJwt(strategy, policy);
}

function trapsOfJwt(strategy: Strategy, policy: Policy): readonly string[] {
  const { _jwtFromRequest: extract, _verifOpts: options } = strategy as KnownStrategy;
  if (typeof extract !== 'function') {
    return [];
  }
  const found = extractedBy(extract as Extract, { scheme: 'Bearer', token }, policy);
  const algorithms = [options?.algorithms ?? ['HS256']].flat();
  const traps: Readonly<Record<string, boolean>> = {
    [`its jwtFromRequest returns no token but a value of type ${typeof found}; pass what ExtractJwt.fromAuthHeaderAsBearerToken() returns, with the parentheses, and no async function`]:
      !isNothing(found) && typeof found !== 'string',
    "its algorithms accept no signature, so that it rejects every token; name the algorithm of the issuer, such as ['RS256']":
      algorithms.every((each) => each === 'none'),
    'its ignoreExpiration accepts tokens that are past exp, and a session ends with its token; set the option expiresAt, or remove it':
      options?.ignoreExpiration === true && policy.expiresAt === undefined,
  };
  return Object.keys(traps).filter((text) => traps[text]);
}

/** What an extractor finds, with a token that no strategy accepts; `undefined` if the strategy reads the request by itself. */
function contentOf(extractor: WsCredentialExtractor): CredentialContent | undefined {
  if (extractor.phase === 'message') {
    const isRaw = 'format' in extractor && extractor.format === 'raw';
    return isRaw ? { scheme: 'Bearer', token } : { scheme: 'fields', body: anyBody, token };
  }
  const reader = extractor as HandshakeExtractor;
  if (reader.place === 'request') {
    return undefined;
  }
  return presentsToken(reader)
    ? { scheme: 'Bearer', token }
    : { scheme: 'Basic', username: 'a', password: 'b' };
}

function isMissed(content: CredentialContent, strategy: Strategy, policy: Policy): boolean {
  const { _jwtFromRequest: extract, _usernameField: field } = strategy as KnownStrategy;
  if (typeof extract === 'function') {
    return isNothing(extractedBy(extract as Extract, content, policy));
  }
  return typeof field === 'string' && content.scheme !== 'fields';
}

type Extract = (request: object) => unknown;

function isNothing(found: unknown): boolean {
  return found === undefined || found === null || found === '' || found === false;
}

/** An extractor of the application may throw on a request that no client has sent: then it counts as one that finds the token. */
function extractedBy(
  extract: Extract,
  content: CredentialContent,
  { trust, trustProxy, tokenPlaces: places }: Policy,
): unknown {
  const attempt = new Attempt(() => undefined);
  const request = Object.assign(new IncomingMessage(new Socket()), { url: '/', method: 'GET' });
  try {
    const found = extract(
      strategyRequest({
        request,
        original: { url: '/', bareUrl: '/', headers: { host: 'localhost' } },
        client: { path: '/', address: '127.0.0.1', origin: undefined },
        credential: new Credential(content, origin),
        attempt,
        site: new Site(trust, trustProxy),
        places,
      }),
    );
    if (isThenable(found)) {
      found.then(undefined, () => undefined);
    }
    return found;
  } catch {
    return token;
  } finally {
    attempt.settle();
  }
}
