import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkOptions, type RowsOf, type Settings } from '../policy/check-options.js';
import { custom } from '../policy/option-rows.js';
import { isBearerToken } from '../protocol/header-syntax.js';
import type { Handshake } from '../protocol/handshake.js';
import { refusedBy, type Refusal } from '../protocol/refusal.js';
import type { ChallengeScheme } from '../protocol/challenge.js';
import { decodeBasic } from './basic.js';
import { malformedToken, tooLarge } from './bearer.js';
import { Credential } from './credential.js';
import { extractorOptions } from './extractor-options.js';
import {
  strategyNames,
  type CredentialLimits,
  type HandshakeExtractor,
  type WsExtractorOptions,
} from './extractor.js';

/** Options of {@link fromAuthorizationHeader}. */
export interface AuthorizationHeaderOptions extends WsExtractorOptions {
  /**
   * Schemes that are read and asked for.
   *
   * @default ['Basic', 'Bearer']
   */
  readonly schemes?: readonly ChallengeScheme[];
}

const headerOptions = {
  ...extractorOptions,
  schemes: custom(checkSchemes, ['Basic', 'Bearer']),
} satisfies RowsOf<AuthorizationHeaderOptions>;

/**
 * Reads `Authorization: Bearer …` and `Authorization: Basic …`: the way of machines, since no browser lets a page set a
 * header on a WebSocket.
 *
 * HTTP Basic is ambient (browsers resend it unasked), so it is bound to `allowedOrigins`.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750 §2.1}
 * @example
 * ```ts
 * WsAuthModule.forRoot({ credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })] });
 * ```
 * @publicApi
 */
export function fromAuthorizationHeader(
  options: AuthorizationHeaderOptions = {},
): HandshakeExtractor {
  return new AuthorizationHeaderExtractor(
    checkOptions(headerOptions, options, 'fromAuthorizationHeader'),
  );
}

class AuthorizationHeaderExtractor implements HandshakeExtractor {
  readonly name = 'fromAuthorizationHeader';
  readonly phase = 'handshake';
  readonly place = 'authorization';
  readonly ambient: boolean;
  readonly challengeSchemes: readonly ChallengeScheme[];
  readonly presents: readonly ChallengeScheme[];
  readonly redacts = { headers: ['authorization'] } as const;
  readonly strategy: readonly string[] | undefined;

  constructor({ schemes, strategy }: Settings<typeof headerOptions>) {
    this.challengeSchemes = Object.freeze([...schemes]);
    this.presents = this.challengeSchemes;
    this.ambient = this.challengeSchemes.includes('Basic');
    this.strategy = strategyNames({ strategy });
  }

  find(
    { authorization }: Handshake,
    { maxCredentialBytes }: CredentialLimits,
  ): Credential | Refusal | undefined {
    if (authorization === undefined || authorization === '') {
      return undefined;
    }
    if (authorization.length > maxCredentialBytes) {
      return tooLarge({ extractor: this.name });
    }
    const { scheme, value } = splitAuthorization(authorization);
    if (scheme === 'bearer' && this.challengeSchemes.includes('Bearer')) {
      return isBearerToken(value)
        ? new Credential({ scheme: 'Bearer', token: value }, this.#origin(false))
        : malformedToken(value, { extractor: this.name });
    }
    if (scheme === 'basic' && this.challengeSchemes.includes('Basic')) {
      const basic = decodeBasic(value);
      return basic
        ? new Credential({ scheme: 'Basic', ...basic }, this.#origin(true))
        : refusedBy('basic', 'ERR_WS_AUTH_CREDENTIAL_REJECTED', { extractor: this.name });
    }
    return refusedBy('scheme', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', { extractor: this.name });
  }

  #origin(ambient: boolean) {
    return { extractor: this.name, ambient, strategy: this.strategy };
  }
}

function checkSchemes(option: string, value: unknown): readonly ChallengeScheme[] {
  const schemes: readonly unknown[] = Array.isArray(value) ? value : [];
  if (schemes.length === 0 || !schemes.every((each) => each === 'Basic' || each === 'Bearer')) {
    throw new WsAuthConfigurationError(`${option}: expected 'Basic', 'Bearer' or both, in a list`);
  }
  return schemes;
}

/** Scheme in lower case and the rest, separated by one or more spaces (RFC 9110 §11.4). */
export function splitAuthorization(authorization: string): { scheme: string; value: string } {
  const space = authorization.indexOf(' ');
  return space === -1
    ? { scheme: authorization.toLowerCase(), value: '' }
    : {
        scheme: authorization.slice(0, space).toLowerCase(),
        value: authorization.slice(space).replace(/^ +/, ''),
      };
}
