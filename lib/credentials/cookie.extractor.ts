import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkName, checkNames } from '../policy/check-option.js';
import { checkOptions, type RowsOf, type Settings } from '../policy/check-options.js';
import { custom, flag, integer, optionalGroup, required } from '../policy/option-rows.js';
import type { Handshake } from '../protocol/handshake.js';
import { isToken } from '../protocol/header-syntax.js';
import type { Refusal } from '../protocol/refusal.js';
import { onlyBearerCredential } from './bearer.js';
import { cookieValues } from './cookies.js';
import type { Credential } from './credential.js';
import { extractorOptions } from './extractor-options.js';
import {
  strategyNames,
  type CredentialLimits,
  type HandshakeExtractor,
  type RedactedPlaces,
  type WsExtractorOptions,
} from './extractor.js';

/** How a page on another origin gets its token into the cookie. */
export interface CookieBridgeOptions {
  /** Path of the bridge on the origin of the gateway, such as `/ws/bridge`. */
  readonly path: string;
  /**
   * Exact origins of the pages that may set the cookie. Every other page is refused: with the cookie it could log its
   * visitor in as another user (login CSRF).
   */
  readonly parentOrigins: readonly string[];
  /**
   * Life of the cookie in milliseconds, rounded down to seconds; at least 1,000. It needs to last from the bridge to the
   * handshake only.
   *
   * @default 60_000
   */
  readonly maxAgeMs?: number;
  /**
   * Whether page and gateway are different sites, so that the cookie must be `SameSite=None; Secure; Partitioned`.
   *
   * @default false
   */
  readonly crossSite?: boolean;
}

/** Options of {@link fromCookie}. */
export interface CookieOptions extends WsExtractorOptions {
  /** Serves the page, and the endpoint, that sets the cookie. Nothing is served without it. */
  readonly bridge?: CookieBridgeOptions;
}

const cookieOptions = {
  ...extractorOptions,
  bridge: optionalGroup({
    path: required(custom(checkName, '')),
    parentOrigins: required(custom(checkNames, [])),
    maxAgeMs: integer(60_000, { min: 1_000 }),
    crossSite: flag(false),
  } satisfies RowsOf<CookieBridgeOptions>),
} satisfies RowsOf<CookieOptions>;

/**
 * Reads a token from a cookie. Cookies are ambient: every web page can open a socket with them, so `allowedOrigins` holds.
 *
 * Two cookies of the name are refused, since one of them may come from a sibling domain.
 *
 * @param cookie name of the cookie
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-8.6 RFC 6265bis §8.6}
 * @example
 * ```ts
 * @WsAuth({ credentials: [fromCookie('__Host-token')], allowedOrigins: 'https://app.example.com' })
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {}
 * ```
 * @publicApi
 */
export function fromCookie(cookie: string, options: CookieOptions = {}): CookieExtractor {
  return new CookieExtractor(
    checkReadableName(cookie),
    checkOptions(cookieOptions, options, 'fromCookie'),
  );
}

/** White space, a semicolon or an equals sign ends the name of a cookie, so that no client could send it. */
function checkReadableName(cookie: unknown): string {
  const name = checkName('fromCookie', cookie);
  if (/^\s|[;=]|\s$/.test(name)) {
    throw new WsAuthConfigurationError(
      'fromCookie: no cookie has such a name; leave out its value, semicolons and the spaces around it',
    );
  }
  return name;
}

/** An extractor of one cookie, as {@link fromCookie} makes it. */
export class CookieExtractor implements HandshakeExtractor {
  readonly name = 'fromCookie';
  readonly phase = 'handshake';
  readonly place = 'cookie';
  readonly ambient = true;
  readonly challengeSchemes = ['Bearer'] as const;
  readonly redacts: Pick<RedactedPlaces, 'cookies'>;
  readonly strategy: readonly string[] | undefined;
  /** The bridge that sets the cookie, if there is one. */
  readonly bridge: Required<CookieBridgeOptions> | undefined;

  constructor(
    /** Name of the cookie. */
    readonly cookie: string,
    { strategy, bridge }: Settings<typeof cookieOptions>,
  ) {
    this.redacts = { cookies: [cookie] };
    this.strategy = strategyNames({ strategy });
    this.bridge = bridge;
  }

  find({ cookie }: Handshake, limits: CredentialLimits): Credential | Refusal | undefined {
    const values = cookie === undefined ? [] : cookieValues(cookie, this.cookie);
    // Express, among others, percent-encodes the values it sets.
    return onlyBearerCredential(values, limits, {
      extractor: this.name,
      ambient: true,
      cookie: true,
      strategy: this.strategy,
    });
  }
}

/** Whether the name may stand in a `Set-Cookie` line. */
export function isCookieName(name: string): boolean {
  return isToken(name);
}
