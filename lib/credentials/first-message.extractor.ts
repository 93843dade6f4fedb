import { checkOptions, type RowsOf, type Settings } from '../policy/check-options.js';
import { oneOf } from '../policy/option-rows.js';
import { isBearerToken } from '../protocol/header-syntax.js';
import { eventMessageOf, isRecord, jsonOf, parseMessage } from '../protocol/message.js';
import type { WsAuthCheck } from '../protocol/diagnosis.js';
import { refusedBy, type Refusal, type RefusalCode } from '../protocol/refusal.js';
import { safeFieldNames } from '../protocol/safe-name.js';
import { bearerCredential, malformedToken, tooLarge } from './bearer.js';
import { Credential, type CredentialOrigin } from './credential.js';
import { extractorOptions } from './extractor-options.js';
import {
  strategyNames,
  type CredentialLimits,
  type WsCredentialExtractor,
  type WsExtractorOptions,
} from './extractor.js';

/** Bytes that the message may have around a credential of the full size: event name, field names, quotes. */
export const messageFramingBytes = 256;

/** Options of {@link fromFirstMessage}. */
export interface FirstMessageOptions extends WsExtractorOptions {
  /**
   * `event`: the message is `{"event":"authenticate","data":{"token":"…"}}` and success is acknowledged.
   * `raw`: the whole text is the token and nothing is acknowledged.
   *
   * @default 'event'
   */
  readonly format?: 'event' | 'raw';
}

const firstMessageOptions = {
  ...extractorOptions,
  format: oneOf('event', ['event', 'raw']),
} satisfies RowsOf<FirstMessageOptions>;

/**
 * Reads the credential from the first message: the most reliable way in browsers, and the only one by which a page can
 * see why it was refused.
 *
 * With `event`, further fields of `data` (`username`, `password`) become the `body` that a strategy reads.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 * @example
 * ```ts
 * @WsAuth({ credentials: [fromFirstMessage()] }) // {"event":"authenticate","data":{"token":"…"}}
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {}
 * ```
 * @publicApi
 */
export function fromFirstMessage(options: FirstMessageOptions = {}): FirstMessageExtractor {
  return new FirstMessageExtractor(checkOptions(firstMessageOptions, options, 'fromFirstMessage'));
}

/** An extractor of the first message, as {@link fromFirstMessage} makes it. */
export class FirstMessageExtractor implements WsCredentialExtractor {
  readonly name = 'fromFirstMessage';
  readonly phase = 'message';
  readonly ambient = false;
  readonly challengeSchemes = ['Bearer'] as const;
  readonly redacts = {} as const;
  /** How the message is written. */
  readonly format: 'event' | 'raw';
  readonly strategy: readonly string[] | undefined;

  constructor({ format, strategy }: Settings<typeof firstMessageOptions>) {
    this.format = format;
    this.strategy = strategyNames({ strategy });
  }

  /** Reads the credential of one text message. @internal */
  read(text: string, authenticateEvent: string, limits: CredentialLimits): Credential | Refusal {
    if (Buffer.byteLength(text) > limits.maxCredentialBytes + messageFramingBytes) {
      return tooLarge({ extractor: this.name });
    }
    return this.format === 'raw'
      ? bearerCredential(text, limits, this.#origin())
      : this.#readEvent(text, authenticateEvent, limits);
  }

  #readEvent(text: string, authenticateEvent: string, limits: CredentialLimits) {
    const parsed = parseMessage(text);
    const message = eventMessageOf(parsed);
    if (message === undefined || message.event !== authenticateEvent) {
      return this.#refuse(parsed ? 'event' : 'json', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', parsed);
    }
    const { data } = message;
    return isRecord(data)
      ? this.#readRecord(data, limits)
      : this.#refuse('data', 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', parsed);
  }

  /**
   * Reads the credential of a payload that the transport has parsed: `auth` of Socket.IO, `connectionParams` of graphql-ws.
   *
   * @internal
   */
  readData(data: unknown, limits: CredentialLimits): Credential | Refusal {
    if (data === undefined || data === null) {
      return this.#refuse('no-credential', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', undefined);
    }
    // Parsed again without keys that would become a prototype.
    const text = jsonOf(data) ?? '';
    if (Buffer.byteLength(text) > limits.maxCredentialBytes + messageFramingBytes) {
      return tooLarge({ extractor: this.name });
    }
    const parsed = parseMessage(text);
    return parsed
      ? this.#readRecord(parsed, limits)
      : this.#refuse('data', 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', undefined);
  }

  #readRecord(data: Record<string, unknown>, limits: CredentialLimits): Credential | Refusal {
    return (
      this.#refuseToken(data, limits) ??
      new Credential(
        { scheme: 'fields', body: data, token: data['token'] as string | undefined },
        this.#origin(),
      )
    );
  }

  #refuseToken(
    data: Record<string, unknown>,
    { maxCredentialBytes }: CredentialLimits,
  ): Refusal | undefined {
    const { token } = data;
    if (token === undefined) {
      return Object.keys(data).length === 0
        ? this.#refuse('no-credential', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', data)
        : undefined;
    }
    if (typeof token !== 'string') {
      return this.#refuse('token-type', 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', data);
    }
    if (token.length > maxCredentialBytes) {
      return tooLarge({ extractor: this.name });
    }
    return isBearerToken(token)
      ? undefined
      : malformedToken(token, { extractor: this.name }).diagnosed({ fields: safeFieldNames(data) });
  }

  /** @param fields what the client sent, of which only the names are kept */
  #refuse(check: WsAuthCheck, code: RefusalCode, fields: object | undefined): Refusal {
    const { name: extractor } = this;
    return refusedBy(
      check,
      code,
      fields ? { extractor, fields: safeFieldNames(fields) } : { extractor },
    );
  }

  #origin(): CredentialOrigin {
    return { extractor: this.name, ambient: false, strategy: this.strategy };
  }
}
