import type { ChallengeScheme } from '../protocol/challenge.js';
import type { Handshake } from '../protocol/handshake.js';
import type { Refusal } from '../protocol/refusal.js';
import type { Credential } from './credential.js';

/** Places whose values the application never sees. */
export interface RedactedPlaces {
  /** Header fields. */
  readonly headers?: readonly string[];
  /** Names of query parameters. */
  readonly queryParams?: readonly string[];
  /** Cookies by name, or every one. */
  readonly cookies?: readonly string[] | 'all';
  /** Beginnings of the subprotocols that hold a token. */
  readonly subprotocolPrefixes?: readonly string[];
  /** Subprotocols that stand before a token in the list of the client. */
  readonly subprotocolsAfter?: readonly string[];
}

/** Options of every extractor. */
export interface WsExtractorOptions {
  /**
   * Strategy, or strategies in order, that judge what this extractor finds.
   *
   * @default the `strategy` of the policy
   */
  readonly strategy?: string | readonly string[];
}

/**
 * Finds a credential in one place of the handshake, or in the first message.
 *
 * Extractors hold data only, so two policies can be compared.
 *
 * @publicApi
 */
export interface WsCredentialExtractor {
  /** The name that sessions and events carry, such as `fromQueryParam`. */
  readonly name: string;
  /** Whether it reads the handshake or a message. */
  readonly phase: 'handshake' | 'message';
  /** Whether the browser attaches what it finds by itself, so that origins must be checked. */
  readonly ambient: boolean;
  /** Challenges that a 401 offers on its behalf. */
  readonly challengeSchemes: readonly ChallengeScheme[];
  /** What is taken out of the request that the application sees. */
  readonly redacts: RedactedPlaces;
  /** Strategies that judge what it finds; `undefined`: those of the policy. */
  readonly strategy: readonly string[] | undefined;
}

/**
 * An extractor that reads the handshake. An application may have one of its own: an object that holds data, and the function
 * `find()`.
 *
 * @publicApi
 */
export interface HandshakeExtractor extends WsCredentialExtractor {
  /** It reads the handshake. */
  readonly phase: 'handshake';
  /** The place it reads. Two extractors may share one, and then find one credential between them. */
  readonly place: HandshakePlace;
  /**
   * Schemes in which strategies receive what it finds. A session that began with a token may be renewed by one.
   *
   * @default ['Bearer']
   */
  readonly presents?: readonly ChallengeScheme[];
  /**
   * Called at boot, with whether another extractor of the policy reads HTTP Basic. Returns the extractor in the form that fits.
   *
   * @internal
   */
  arranged?(besideBasic: boolean): HandshakeExtractor;
  /**
   * Finds the credential in its place. MUST return `undefined` when its place is empty, a refusal when its place holds
   * something malformed, and MUST NOT throw or wait. `bearerCredential()` makes both of them of a text.
   */
  find(handshake: Handshake, limits: CredentialLimits): Credential | Refusal | undefined;
}

/**
 * A place of the handshake in which a credential can be. Two extractors may share one, and then find one credential between them.
 *
 * @publicApi
 */
export type HandshakePlace = 'authorization' | 'query' | 'cookie' | 'subprotocol' | 'request';

/**
 * Bounds that hold for every extractor.
 *
 * @publicApi
 */
export interface CredentialLimits {
  /** Size in bytes of a credential. */
  readonly maxCredentialBytes: number;
}

/** Whether strategies receive a token of the extractor. Those that read the request themselves may find anything. */
export function presentsToken({ place, presents = bearer }: HandshakeExtractor): boolean {
  return place === 'request' || presents.includes('Bearer');
}

/** Whether strategies receive user names and passwords of the extractor. */
export function presentsPassword(extractor: WsCredentialExtractor): boolean {
  const { presents = bearer } = extractor as HandshakeExtractor;
  return presents.includes('Basic');
}

/** Whether the extractor takes tokens out of HTTP Basic, as `fromUserInfo()` does: then only a 401 makes browsers send them. */
export function readsTokenFromBasic(extractor: WsCredentialExtractor): boolean {
  return extractor.challengeSchemes.includes('Basic') && !presentsPassword(extractor);
}

const bearer = ['Bearer'] as const;

/** Names of strategies as a list of its own; `undefined`: those of the policy. */
export function strategyNames({
  strategy,
}: {
  readonly strategy?: WsExtractorOptions['strategy'] | undefined;
}): readonly string[] | undefined {
  return strategy === undefined ? undefined : Object.freeze([strategy].flat());
}
