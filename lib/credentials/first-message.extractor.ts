import { checkOptions, type RowsOf, type Settings } from '../policy/check-options.js';
import { oneOf } from '../policy/option-rows.js';
import { isToken68 } from '../protocol/header-syntax.js';
import { isRecord, parseEventMessage } from '../protocol/message.js';
import { Refusal } from '../protocol/refusal.js';
import { bearerCredential } from './bearer.js';
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
 * @publicApi
 */
export function fromFirstMessage(options: FirstMessageOptions = {}): FirstMessageExtractor {
  return new FirstMessageExtractor(checkOptions(firstMessageOptions, options, 'fromFirstMessage'));
}

/** What {@link fromFirstMessage} makes. */
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
      return new Refusal('ERR_WS_AUTH_CREDENTIAL_TOO_LARGE');
    }
    return this.format === 'raw'
      ? bearerCredential(text, limits, this.#origin())
      : this.#readEvent(text, authenticateEvent, limits);
  }

  #readEvent(text: string, authenticateEvent: string, limits: CredentialLimits) {
    const message = parseEventMessage(text);
    if (message === undefined || message.event !== authenticateEvent) {
      return new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED');
    }
    const { data } = message;
    if (!isRecord(data)) {
      return new Refusal('ERR_WS_AUTH_MALFORMED_CREDENTIAL');
    }
    const token = data['token'];
    if (typeof token === 'string' && token.length > limits.maxCredentialBytes) {
      return new Refusal('ERR_WS_AUTH_CREDENTIAL_TOO_LARGE');
    }
    if (token !== undefined && (typeof token !== 'string' || !isToken68(token))) {
      return new Refusal('ERR_WS_AUTH_MALFORMED_CREDENTIAL');
    }
    return Object.keys(data).length === 0
      ? new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED')
      : new Credential({ scheme: 'fields', body: data, token }, this.#origin());
  }

  #origin(): CredentialOrigin {
    return { extractor: this.name, ambient: false, strategy: this.strategy };
  }
}
