import { checkName } from '../policy/check-option.js';
import { checkOptions } from '../policy/check-options.js';
import type { Handshake } from '../protocol/handshake.js';
import type { Refusal } from '../protocol/refusal.js';
import { onlyBearerCredential } from './bearer.js';
import type { Credential } from './credential.js';
import { extractorOptions } from './extractor-options.js';
import {
  strategyNames,
  type CredentialLimits,
  type HandshakeExtractor,
  type WsExtractorOptions,
} from './extractor.js';
import { queryPairs } from './query.js';

/**
 * Reads a token from a query parameter: works in every browser, and leaks.
 *
 * URLs end up in access logs, in CSP reports and on the browser's console, and OAuth 2.1 forbids access tokens there, so
 * put nothing into the query that lives long or works twice.
 *
 * @param param name of the parameter, compared byte by byte
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2 RFC 9700 §4.3.2}
 * @example
 * ```ts
 * @WsAuth({ credentials: [fromQueryParam('ticket', { strategy: 'ws-ticket' })] }) // wss://host/chat?ticket=…
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {}
 * ```
 * @publicApi
 */
export function fromQueryParam(
  param: string,
  options: WsExtractorOptions = {},
): HandshakeExtractor {
  const { strategy } = checkOptions(extractorOptions, options, 'fromQueryParam');
  return new QueryParamExtractor(checkName('fromQueryParam', param), strategyNames({ strategy }));
}

class QueryParamExtractor implements HandshakeExtractor {
  readonly name = 'fromQueryParam';
  readonly phase = 'handshake';
  readonly place = 'query';
  readonly ambient = false;
  readonly challengeSchemes = ['Bearer'] as const;
  readonly redacts: { readonly queryParams: readonly string[] };

  constructor(
    readonly param: string,
    readonly strategy: readonly string[] | undefined,
  ) {
    this.redacts = { queryParams: [param] };
  }

  find({ target }: Handshake, limits: CredentialLimits): Credential | Refusal | undefined {
    const values = queryPairs(target.query)
      .filter(({ name }) => name === this.param)
      .map(({ value }) => value);
    return onlyBearerCredential(values, limits, {
      extractor: this.name,
      ambient: false,
      strategy: this.strategy,
    });
  }
}
