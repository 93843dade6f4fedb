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
   * How the token is written behind the prefix: as it is, or as unpadded base64url of its UTF-8 bytes. With
   * `base64url.bearer.authorization.k8s.io.` as prefix, the latter is the Kubernetes form.
   *
   * @default 'raw'
   */
  readonly encoding?: 'raw' | 'base64url';
}

const subprotocolOptions = {
  ...extractorOptions,
  prefix: custom(checkPrefix, 'bearer.'),
  encoding: oneOf('raw', ['raw', 'base64url']),
} satisfies RowsOf<SubprotocolOptions>;

/**
 * Reads a token from the offered subprotocols: `new WebSocket(url, ['chat', 'bearer.' + token])`.
 *
 * Exactly one such entry, beside at least one real subprotocol. The real one is answered and the token is never echoed;
 * Chromium fails a connection that answers none.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
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
  readonly encoding: 'raw' | 'base64url';
  readonly redacts: { readonly subprotocolPrefixes: readonly string[] };
  readonly strategy: readonly string[] | undefined;

  constructor({ prefix, encoding, strategy }: Settings<typeof subprotocolOptions>) {
    this.prefix = prefix;
    this.encoding = encoding;
    this.redacts = { subprotocolPrefixes: [this.prefix] };
    this.strategy = strategyNames({ strategy });
  }

  find({ subprotocols }: Handshake, limits: CredentialLimits): Credential | Refusal | undefined {
    const entries = subprotocols.filter((entry) => entry.startsWith(this.prefix));
    const [entry] = entries;
    if (entry === undefined) {
      return undefined;
    }
    const token = this.#decode(entry.slice(this.prefix.length));
    if (entries.length > 1 || entries.length === subprotocols.length || token === undefined) {
      const alone = token === undefined ? 'token-encoding' : 'subprotocol-alone';
      const check = entries.length > 1 ? 'token-repeated' : alone;
      return refusedBy(check, 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', { extractor: this.name });
    }
    return bearerCredential(token, limits, {
      extractor: this.name,
      ambient: false,
      strategy: this.strategy,
    });
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

function checkPrefix(option: string, value: unknown): string {
  if (typeof value !== 'string' || !isToken(value)) {
    throw new WsAuthConfigurationError(
      `${option}: expected a prefix such as 'bearer.' that a subprotocol may start with`,
    );
  }
  return value;
}
