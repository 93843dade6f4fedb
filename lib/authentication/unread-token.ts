import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Credential, type CredentialContent } from '../credentials/credential.js';
import {
  presentsToken,
  type HandshakeExtractor,
  type WsCredentialExtractor,
} from '../credentials/extractor.js';
import { Site } from '../passport/middleware-application.js';
import type { Strategy } from '../passport/strategy.js';
import { strategyRequest } from '../passport/strategy-request.js';
import type { Policy } from '../policy/policy.js';
import { Attempt } from './attempt.js';

/** What the strategies of Passport keep of their options. */
interface KnownStrategy {
  /** Of passport-jwt: the function that extracts the token from a request. */
  readonly _jwtFromRequest?: unknown;
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
    return findsNothing(extract as (request: object) => unknown, content, policy);
  }
  return typeof field === 'string' && content.scheme !== 'fields';
}

/** An extractor of the application may throw on a request that no client has sent, or wait: then nothing is known. */
function findsNothing(
  extract: (request: object) => unknown,
  content: CredentialContent,
  { trust, trustProxy, tokenPlaces: places }: Policy,
): boolean {
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
    return found === undefined || found === null || found === '' || found === false;
  } catch {
    return false;
  } finally {
    attempt.settle();
  }
}
