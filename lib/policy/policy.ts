import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { CookieExtractor } from '../credentials/cookie.extractor.js';
import {
  presentsPassword,
  readsTokenFromBasic,
  type CredentialLimits,
  type HandshakeExtractor,
  type WsCredentialExtractor,
} from '../credentials/extractor.js';
import type { FirstMessageExtractor } from '../credentials/first-message.extractor.js';
import { redactionOf, type Redaction } from '../credentials/redaction.js';
import { tokenPlacesOf, type TokenPlaces } from '../credentials/token-places.js';
import type { ChallengeScheme } from '../protocol/challenge.js';
import { WsAuthCloseCode } from '../protocol/close-code.js';
import { EventMatcher } from '../protocol/event-matcher.js';
import { pingMessage } from '../protocol/message.js';
import type { WsAuthTransport } from '../protocol/transport.js';
import { checkOptions, type Settings } from './check-options.js';
import { moduleOptions } from './option-table.js';
import type { WsAuthModuleOptions } from './options.js';
import { originPolicy, type OriginPolicy } from './origin-policy.js';
import { proxyTrust, type ProxyTrust } from './proxy-trust.js';
import { settleRejection, type WsAuthRejection } from './rejection.js';

/** Every option checked, with its default: also those that only hold for the whole application. */
type ModuleSettings = Settings<typeof moduleOptions>;

/** What one gateway demands: its settings, frozen, in the form the pipeline uses. */
export interface Policy extends Omit<ModuleSettings, 'strategy' | 'closeCodes'> {
  readonly strategy: readonly string[];
  readonly handshakeExtractors: readonly HandshakeExtractor[];
  readonly firstMessage: FirstMessageExtractor | undefined;
  readonly bridges: readonly CookieExtractor[];
  /** Whether strategies read requests themselves: then every credential is judged by the rule for ambient ones. */
  readonly readsRequest: boolean;
  readonly rejection: WsAuthRejection;
  readonly origin: OriginPolicy;
  readonly limits: CredentialLimits;
  readonly challengeSchemes: readonly ChallengeScheme[];
  readonly redaction: Redaction;
  readonly tokenPlaces: TokenPlaces;
  readonly closeCodes: ReadonlyMap<number, number>;
  readonly trust: ProxyTrust;
  /** Recognises the messages that renew a session. */
  readonly renewals: EventMatcher;
  /** What carries the connections. */
  readonly transport: WsAuthTransport;
  /** The ping of a client, and its answer. */
  readonly ping: Buffer;
}

/**
 * Normalises options once, at boot, so that no default is looked up later.
 *
 * @throws {WsAuthConfigurationError} for every option that is unknown, invalid or unsafe.
 */
export function resolvePolicy(
  options: WsAuthModuleOptions,
  transport: WsAuthTransport = 'ws',
): Policy {
  const settings = checkOptions(moduleOptions, options);
  const { optional, maxCredentialBytes, trustProxy } = settings;
  const extractors = arrange(settings.credentials);
  const handshakeExtractors = extractors.filter(isHandshakeExtractor);
  const ambient = handshakeExtractors.some((extractor) => extractor.ambient);
  return Object.freeze({
    ...settings,
    transport,
    strategy: strategiesOf(settings.strategy, extractors),
    handshakeExtractors,
    firstMessage: extractors.find(isFirstMessage),
    bridges: extractors.filter(isBridged),
    readsRequest: handshakeExtractors.some(({ place }) => place === 'request'),
    rejection: rejectionOf(options, { extractors, optional }, transport),
    origin: originPolicy(settings.allowedOrigins, ambient),
    limits: Object.freeze({ maxCredentialBytes }),
    challengeSchemes: schemesOf(extractors),
    redaction: redactionOf(extractors),
    tokenPlaces: tokenPlacesOf(handshakeExtractors),
    closeCodes: closeCodeMap(settings.closeCodes),
    trust: proxyTrust(trustProxy),
    renewals: new EventMatcher(settings.events.authenticate),
    ping: Buffer.from(pingMessage(settings.events)),
  });
}

/**
 * Official clients of Socket.IO try for ever to connect where they are refused by an HTTP status, so there the CONNECT packet is refused
 * unless the policy sets another `rejection`.
 */
function rejectionOf(
  { rejection }: WsAuthModuleOptions,
  challenging: Parameters<typeof settleRejection>[1],
  transport: WsAuthTransport,
): WsAuthRejection {
  return transport === 'socket.io'
    ? (rejection ?? 'auto')
    : settleRejection(rejection ?? moduleOptions.rejection.default, challenging);
}

/** Puts extractors that depend on each other into the form and order that fit. */
function arrange(listed: readonly WsCredentialExtractor[]): WsCredentialExtractor[] {
  const besideBasic = listed.some(presentsPassword);
  return listed
    .map((extractor) =>
      isHandshakeExtractor(extractor)
        ? (extractor.arranged?.(besideBasic) ?? extractor)
        : extractor,
    )
    .toSorted((first, second) => order(first) - order(second));
}

/** Of two extractors that share the place, the one that takes only some of what it finds there comes first. */
function order(extractor: WsCredentialExtractor): number {
  return readsTokenFromBasic(extractor) ? 0 : 1;
}

function isFirstMessage(extractor: WsCredentialExtractor): extractor is FirstMessageExtractor {
  return extractor.phase === 'message';
}

function isHandshakeExtractor(extractor: WsCredentialExtractor): extractor is HandshakeExtractor {
  return extractor.phase === 'handshake';
}

function isBridged(extractor: WsCredentialExtractor): extractor is CookieExtractor {
  return (extractor as Partial<CookieExtractor>).bridge !== undefined;
}

function strategiesOf(
  strategy: WsAuthModuleOptions['strategy'],
  extractors: readonly WsCredentialExtractor[],
): readonly string[] {
  const names = strategy === undefined ? [] : [strategy].flat();
  const needed = extractors.some(({ strategy: own }) => own === undefined);
  const empty = extractors.some(({ strategy: own }) => own?.length === 0);
  if (empty || (needed && names.length === 0)) {
    throw new WsAuthConfigurationError(
      "strategy: none is named; pass WsAuthModule.forRoot({ strategy: 'jwt' }), put @WsAuth({ strategy: 'jwt' }) on the " +
        "gateway, or import PassportModule.register({ defaultStrategy: 'jwt' }), with the same name in all modules",
    );
  }
  return Object.freeze(names);
}

function schemesOf(extractors: readonly WsCredentialExtractor[]): readonly ChallengeScheme[] {
  const schemes = new Set(extractors.flatMap(({ challengeSchemes }) => challengeSchemes));
  return Object.freeze([...schemes]);
}

function closeCodeMap(codes: ModuleSettings['closeCodes']): ReadonlyMap<number, number> {
  return new Map([
    [WsAuthCloseCode.Unauthorized, codes.unauthorized],
    [WsAuthCloseCode.Forbidden, codes.forbidden],
    [WsAuthCloseCode.Timeout, codes.timeout],
  ]);
}
