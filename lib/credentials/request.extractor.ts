import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkNames } from '../policy/check-option.js';
import { checkOptions, type RowsOf, type Settings } from '../policy/check-options.js';
import { custom } from '../policy/option-rows.js';
import type { Handshake } from '../protocol/handshake.js';
import { isToken } from '../protocol/header-syntax.js';
import { Credential } from './credential.js';
import { extractorOptions } from './extractor-options.js';
import {
  strategyNames,
  type HandshakeExtractor,
  type RedactedPlaces,
  type WsExtractorOptions,
} from './extractor.js';

/** Options of {@link fromRequest}. */
export interface RequestOptions extends WsExtractorOptions {
  /**
   * Header fields that hold a credential and are hidden from the application, besides `authorization` and all cookies. Where clients
   * may come without a credential, one in a field that is not listed counts as none.
   *
   * @default []
   */
  readonly headers?: readonly string[];
  /**
   * Query parameters that hold a credential and are hidden from the application.
   *
   * @default []
   */
  readonly queryParams?: readonly string[];
}

const requestOptions = {
  ...extractorOptions,
  headers: custom(checkHeaderNames, []),
  queryParams: custom(checkNames, []),
} satisfies RowsOf<RequestOptions>;

/**
 * Hands the request to the strategy as it is, for strategies that read it themselves: Digest, sessions, client
 * certificates, API keys in headers of their own.
 *
 * What such a strategy reads counts as ambient, so `allowedOrigins` holds.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 * @example
 * ```ts
 * @WsAuth({ strategy: 'api-key', credentials: [fromRequest({ headers: ['x-api-key'] })] })
 * @WebSocketGateway({ path: '/devices' })
 * export class DevicesGateway {}
 * ```
 * @publicApi
 */
export function fromRequest(options: RequestOptions = {}): HandshakeExtractor {
  return new RequestExtractor(checkOptions(requestOptions, options, 'fromRequest'));
}

class RequestExtractor implements HandshakeExtractor {
  readonly name = 'fromRequest';
  readonly phase = 'handshake';
  readonly place = 'request';
  readonly ambient = true;
  readonly challengeSchemes = [] as const;
  readonly redacts: RedactedPlaces;
  readonly strategy: readonly string[] | undefined;

  constructor({ headers, queryParams, strategy }: Settings<typeof requestOptions>) {
    this.redacts = {
      headers: ['authorization', ...headers.map((name) => name.toLowerCase())],
      queryParams,
      cookies: 'all',
    };
    this.strategy = strategyNames({ strategy });
  }

  find(handshake: Handshake): Credential {
    const cookie = handshake.cookie !== undefined && handshake.authorization === undefined;
    return new Credential(
      { scheme: 'request' },
      { extractor: this.name, ambient: true, cookie, strategy: this.strategy },
    );
  }
}

/** A field of any other name does not exist, and the one that is meant would not be redacted. */
function checkHeaderNames(option: string, value: unknown): readonly string[] {
  const names = checkNames(option, value);
  if (!names.every(isToken)) {
    throw new WsAuthConfigurationError(
      `${option}: expected names of header fields such as 'X-Api-Key', without a colon and without spaces`,
    );
  }
  return names;
}
