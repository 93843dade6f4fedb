import type { Handshake } from '../protocol/handshake.js';
import type { Refusal } from '../protocol/refusal.js';
import { onlyBearerCredential } from './bearer.js';
import type { Credential } from './credential.js';
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
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2 RFC 9700 §4.3.2}
 * @publicApi
 */
export function fromQueryParam(
  param: string,
  options: WsExtractorOptions = {},
): HandshakeExtractor {
  return new QueryParamExtractor(param, options);
}

class QueryParamExtractor implements HandshakeExtractor {
  readonly name = 'fromQueryParam';
  readonly phase = 'handshake';
  readonly place = 'query';
  readonly ambient = false;
  readonly challengeSchemes = ['Bearer'] as const;
  readonly redacts: { readonly queryParams: readonly string[] };
  readonly strategy: readonly string[] | undefined;

  constructor(
    readonly param: string,
    options: WsExtractorOptions,
  ) {
    this.redacts = { queryParams: [param] };
    this.strategy = strategyNames(options);
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
