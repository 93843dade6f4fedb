import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { comesTooLate } from '../passport/thenable.js';
import type { Handshake } from '../protocol/handshake.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import { splitAuthorization } from './authorization-header.extractor.js';
import { Credential } from './credential.js';
import type { CredentialLimits, HandshakeExtractor } from './extractor.js';

type Found = Credential | Refusal;

/**
 * Finds the one credential of a handshake.
 *
 * Two explicit credentials are refused, whatever the order of the extractors, since it would be undecided whose connection it
 * is. An explicit one makes the ambient cookie irrelevant, and never falls back to it. Basic that no extractor reads is a proxy's, and
 * not a credential of this gateway. `fromRequest()` comes last.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2 RFC 6750 §2}
 */
export function findCredential(
  extractors: readonly HandshakeExtractor[],
  handshake: Handshake,
  limits: CredentialLimits,
): Found | undefined {
  let explicit: Found | undefined;
  let explicitPlace: HandshakeExtractor | undefined;
  for (const extractor of extractors) {
    if (!isExplicit(extractor)) {
      continue;
    }
    const found = ask(extractor, handshake, limits);
    if (found === undefined) {
      continue;
    }
    if (explicit !== undefined && !sharePlace(explicitPlace, extractor)) {
      return several(explicitPlace, extractor);
    }
    if (explicit === undefined || saysMore(found, explicit)) {
      explicit = found;
      explicitPlace = extractor;
    }
  }
  if (explicit === undefined || isOfProxy(explicit, handshake)) {
    return findAmbient(extractors, handshake, limits) ?? explicit;
  }
  const request = isNotForUs(explicit) ? requestExtractor(extractors) : undefined;
  return (request && ask(request, handshake, limits)) ?? explicit;
}

/** HTTP Basic that the gateway does not read: browsers attach that of a proxy, such as a staging site has, to every request. */
function isOfProxy(found: Found, { authorization = '' }: Handshake): boolean {
  return isNotForUs(found) && splitAuthorization(authorization).scheme === 'basic';
}

/**
 * What an extractor of an application returns may be anything. A promise, for example, would count as no credential, and a client
 * with a bad one would be a guest.
 */
function ask(
  extractor: HandshakeExtractor,
  handshake: Handshake,
  limits: CredentialLimits,
): Found | undefined {
  const found: unknown = extractor.find(handshake, limits);
  if (found === undefined || found instanceof Credential || found instanceof Refusal) {
    return found;
  }
  comesTooLate(found);
  throw new WsAuthConfigurationError(
    `credentials: find() of the extractor ${extractor.name} returned something else than bearerCredential(), ` +
      'malformedCredential() or undefined',
  );
}

/** Of two extractors that share a place, the one that reads the scheme decides. */
function saysMore(found: Found, earlier: Found): boolean {
  return earlier instanceof Refusal && (found instanceof Credential || isNotForUs(earlier));
}

function findAmbient(
  extractors: readonly HandshakeExtractor[],
  handshake: Handshake,
  limits: CredentialLimits,
): Found | undefined {
  let ambient: Found | undefined;
  let ambientPlace: HandshakeExtractor | undefined;
  for (const extractor of extractors) {
    if (extractor.place !== 'cookie') {
      continue;
    }
    const found = ask(extractor, handshake, limits);
    if (found !== undefined && ambient !== undefined) {
      return several(ambientPlace, extractor);
    }
    if (found !== undefined) {
      ambient = found;
      ambientPlace = extractor;
    }
  }
  const request = requestExtractor(extractors);
  return ambient ?? (request && ask(request, handshake, limits));
}

function several(first: HandshakeExtractor | undefined, second: HandshakeExtractor): Refusal {
  const extractor = `${first!.name}+${second.name}`;
  return refusedBy('several-credentials', 'ERR_WS_AUTH_SEVERAL_CREDENTIALS', { extractor });
}

function requestExtractor(extractors: readonly HandshakeExtractor[]) {
  return extractors.find(({ place }) => place === 'request');
}

export function isExplicit({ place }: HandshakeExtractor): boolean {
  return place !== 'cookie' && place !== 'request';
}

/** `fromUserInfo()` and `fromAuthorizationHeader()` read one header field between them. */
function sharePlace(first: HandshakeExtractor | undefined, second: HandshakeExtractor): boolean {
  return first?.place === 'authorization' && second.place === 'authorization';
}

/** A scheme that `fromAuthorizationHeader()` does not read, such as Digest, is for a strategy that reads the request. */
export function isNotForUs(found: Found): boolean {
  return found instanceof Refusal && found.code === 'ERR_WS_AUTH_CREDENTIAL_REQUIRED';
}
