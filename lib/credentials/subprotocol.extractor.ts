import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkOptions, type RowsOf, type Settings } from '../policy/check-options.js';
import { custom, oneOf } from '../policy/option-rows.js';
import { isToken } from '../protocol/header-syntax.js';
import type { Handshake } from '../protocol/handshake.js';
import { refusedBy, type Refusal } from '../protocol/refusal.js';
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

/** Options of {@link fromSubprotocol}. */
export interface SubprotocolOptions extends WsExtractorOptions {
  /**
   * What the entry with the token starts with.
   *
   * @default 'bearer.'
   */
  readonly prefix?: string;
  /**
   * Name of the entry that stands before the token, for clients that offer two entries, as in
   * `new WebSocket(url, ['bearer', token])`. It takes the place of `prefix`, and is answered if it is the first entry.
   *
   * @default none: the token stands behind `prefix`
   */
  readonly after?: string;
  /**
   * How the token is written: as it is, or as unpadded base64url of its UTF-8 bytes. With
   * `base64url.bearer.authorization.k8s.io.` as prefix, the latter is the Kubernetes form.
   *
   * @default 'raw'
   */
  readonly encoding?: 'raw' | 'base64url';
}

const subprotocolOptions = {
  ...extractorOptions,
  prefix: custom(checkEntry),
  after: custom(checkEntry),
  encoding: oneOf('raw', ['raw', 'base64url']),
} satisfies RowsOf<SubprotocolOptions>;

/**
 * Reads a token from the offered subprotocols: `new WebSocket(url, ['chat', 'bearer.' + token])`.
 *
 * Exactly one such entry, beside at least one real subprotocol. The real one is answered and the token is never echoed;
 * Chromium fails a connection that answers none. With `after`, the entry before the token is a real one.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid, and for `prefix` beside `after`.
 * @example
 * ```ts
 * @WsAuth({ credentials: [fromSubprotocol()] }) // new WebSocket(url, ['chat', `bearer.${token}`])
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {}
 * ```
 * @publicApi
 */
export function fromSubprotocol(options: SubprotocolOptions = {}): HandshakeExtractor {
  return new SubprotocolExtractor(checkOptions(subprotocolOptions, options, 'fromSubprotocol'));
}

class SubprotocolExtractor implements HandshakeExtractor {
  readonly name = 'fromSubprotocol';
  readonly phase = 'handshake';
  readonly place = 'subprotocol';
  readonly ambient = false;
  readonly challengeSchemes = ['Bearer'] as const;
  readonly prefix: string;
  readonly after: string | undefined;
  readonly encoding: 'raw' | 'base64url';
  readonly redacts: RedactedPlaces;
  readonly strategy: readonly string[] | undefined;

  constructor({ prefix, after, encoding, strategy }: Settings<typeof subprotocolOptions>) {
    if (prefix !== undefined && after !== undefined) {
      throw new WsAuthConfigurationError(
        "fromSubprotocol.prefix: has no effect beside fromSubprotocol.after; use one, such as { after: 'bearer' }",
      );
    }
    this.prefix = prefix ?? 'bearer.';
    this.after = after;
    this.encoding = encoding;
    this.redacts =
      after === undefined ? { subprotocolPrefixes: [this.prefix] } : { subprotocolsAfter: [after] };
    this.strategy = strategyNames({ strategy });
  }

  find({ subprotocols }: Handshake, limits: CredentialLimits): Credential | Refusal | undefined {
    const values =
      this.after === undefined
        ? this.#behindPrefix(subprotocols)
        : this.#behindEntry(subprotocols, this.after);
    const [value] = values;
    if (value === undefined) {
      return undefined;
    }
    const token = this.#decode(value);
    if (values.length > 1 || values.length === subprotocols.length || token === undefined) {
      const alone = token === undefined ? 'token-encoding' : 'subprotocol-alone';
      const check = values.length > 1 ? 'token-repeated' : alone;
      return refusedBy(check, 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', { extractor: this.name });
    }
    return bearerCredential(token, limits, {
      extractor: this.name,
      ambient: false,
      strategy: this.strategy,
    });
  }

  #behindPrefix(subprotocols: readonly string[]): readonly string[] {
    return subprotocols
      .filter((entry) => entry.startsWith(this.prefix))
      .map((entry) => entry.slice(this.prefix.length));
  }

  /** The entry of that name comes before a token. With nothing behind it the token is empty, and is refused. */
  #behindEntry(subprotocols: readonly string[], after: string): readonly string[] {
    const index = subprotocols.indexOf(after);
    return index === -1 ? [] : [subprotocols[index + 1] ?? ''];
  }

  #decode(value: string): string | undefined {
    if (this.encoding === 'raw') {
      return value;
    }
    const bytes = Buffer.from(value, 'base64url');
    // A re-encoding that differs means characters that the decoder skipped.
    return bytes.toString('base64url') === value ? bytes.toString('utf8') : undefined;
  }
}

function checkEntry(option: string, value: unknown): string {
  if (typeof value !== 'string' || !isToken(value)) {
    const [what, example] = option.endsWith('prefix')
      ? ['a prefix', "'bearer.' that a subprotocol may start with"]
      : ['a subprotocol', "'bearer' that clients offer before the token"];
    throw new WsAuthConfigurationError(`${option}: expected ${what} such as ${example}`);
  }
  return value;
}
