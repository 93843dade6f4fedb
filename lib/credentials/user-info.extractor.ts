import { checkOptions } from '../policy/check-options.js';
import type { Handshake } from '../protocol/handshake.js';
import type { WsAuthCheck } from '../protocol/diagnosis.js';
import { refusedBy, type Refusal } from '../protocol/refusal.js';
import { splitAuthorization } from './authorization-header.extractor.js';
import { decodeBasic } from './basic.js';
import { bearerCredential } from './bearer.js';
import type { Credential } from './credential.js';
import { extractorOptions } from './extractor-options.js';
import {
  strategyNames,
  type CredentialLimits,
  type HandshakeExtractor,
  type RedactedPlaces,
  type WsExtractorOptions,
} from './extractor.js';

/** Passwords that mark the user name as a token: none, and the `x` that some URL parsers need. */
const tokenPasswords: ReadonlySet<string> = new Set(['', 'x']);

/**
 * Reads a token from the user name of a URL, `ws://TOKEN:x@host/`, and presents it as Bearer.
 *
 * Browsers send it as HTTP Basic after a 401. Firefox resends the password it remembers for a user name it knows, so
 * that every second connection with a fresh token fails; a token in place of the name is new each time.
 *
 * Listed beside `fromAuthorizationHeader()`, only an empty password or `x` marks a token, and every other Basic credential
 * is a user name with its password. Listed without it, the password does not matter.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 * @example
 * ```ts
 * @WsAuth({ credentials: [fromUserInfo()] }) // wss://TOKEN:x@host/chat
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {}
 * ```
 * @publicApi
 */
export function fromUserInfo(options: WsExtractorOptions = {}): UserInfoExtractor {
  const { strategy } = checkOptions(extractorOptions, options, 'fromUserInfo');
  return new UserInfoExtractor(strategyNames({ strategy }), false);
}

/** An extractor of the user information in a URL, as {@link fromUserInfo} makes it. */
export class UserInfoExtractor implements HandshakeExtractor {
  readonly name = 'fromUserInfo';
  readonly phase = 'handshake';
  readonly place = 'authorization';
  readonly ambient = true;
  readonly challengeSchemes = ['Basic'] as const;
  readonly presents = ['Bearer'] as const;
  readonly redacts: RedactedPlaces = { headers: ['authorization'] };

  constructor(
    /** Strategies that judge the token; `undefined`: those of the policy. */
    readonly strategy: readonly string[] | undefined,
    /** Whether the password does not matter. */
    readonly anyPassword: boolean,
  ) {}

  /** Where no other extractor reads HTTP Basic, the password does not matter. @internal */
  arranged(besideBasic: boolean): UserInfoExtractor {
    return besideBasic ? this : new UserInfoExtractor(this.strategy, true);
  }

  find({ authorization }: Handshake, limits: CredentialLimits): Credential | Refusal | undefined {
    const { scheme, value } = splitAuthorization(authorization ?? '');
    if (scheme !== 'basic') {
      return undefined;
    }
    const basic = decodeBasic(value);
    if (!basic || basic.username === '') {
      return this.#rejected('basic');
    }
    return this.anyPassword || tokenPasswords.has(basic.password)
      ? bearerCredential(basic.username, limits, {
          extractor: this.name,
          ambient: true,
          strategy: this.strategy,
        })
      : this.#rejected('password');
  }

  #rejected(check: WsAuthCheck): Refusal {
    return refusedBy(check, 'ERR_WS_AUTH_CREDENTIAL_REJECTED', { extractor: this.name });
  }
}
