import { EventEmitter } from 'node:events';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { AuthorizationHeaderExtractor } from '../credentials/authorization-header.extractor.js';
import { fromAuthorizationHeader } from '../credentials/authorization-header.extractor.js';
import { CookieExtractor } from '../credentials/cookie.extractor.js';
import type {
  CredentialLimits,
  HandshakeExtractor,
  WsCredentialExtractor,
} from '../credentials/extractor.js';
import { FirstMessageExtractor, fromFirstMessage } from '../credentials/first-message.extractor.js';
import { redactionOf, type Redaction } from '../credentials/redaction.js';
import { SubprotocolExtractor } from '../credentials/subprotocol.extractor.js';
import { UserInfoExtractor } from '../credentials/user-info.extractor.js';
import type { WsAuthMiddleware } from '../passport/express-request.js';
import type { ChallengeScheme } from '../protocol/challenge.js';
import { isSendableCloseCode, WsAuthCloseCode } from '../protocol/close-code.js';
import { EventMatcher } from '../protocol/event-matcher.js';
import { hasControlCharacter, isToken } from '../protocol/header-syntax.js';
import { defaultEventNames, pingMessage, type WsAuthEventNames } from '../protocol/message.js';
import { checkBoolean, checkFunction, describe } from './check-option.js';
import { checkNumbers } from './numeric-options.js';
import type { CloseCodeOptions, WsAuthModuleOptions } from './options.js';
import { originPolicy, type OriginPolicy } from './origin-policy.js';
import { proxyTrust, type ProxyTrust } from './proxy-trust.js';
import { checkRejection, type WsAuthRejection } from './rejection.js';

/** What one gateway demands: every option checked and defaulted, frozen, in the form the pipeline uses. */
export interface Policy {
  readonly strategy: readonly string[];
  readonly handshakeExtractors: readonly HandshakeExtractor[];
  readonly firstMessage: FirstMessageExtractor | undefined;
  readonly bridges: readonly CookieExtractor[];
  /** Whether strategies read requests themselves: then every credential is judged by the rule for ambient ones. */
  readonly readsRequest: boolean;
  readonly optional: boolean;
  readonly rejection: WsAuthRejection;
  readonly origin: OriginPolicy;
  readonly limits: CredentialLimits;
  readonly authTimeoutMs: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly realm: string;
  readonly challengeSchemes: readonly ChallengeScheme[];
  readonly redaction: Redaction;
  readonly closeCodes: ReadonlyMap<number, number>;
  readonly userId: NonNullable<WsAuthModuleOptions['userId']> | undefined;
  readonly expiresAt: NonNullable<WsAuthModuleOptions['expiresAt']> | undefined;
  readonly property: string;
  readonly trust: ProxyTrust;
  readonly shutdownTimeoutMs: number;
  readonly events: WsAuthEventNames;
  /** Recognises the messages that renew a session. */
  readonly renewals: EventMatcher;
  /** The ping of a client, and its answer. */
  readonly ping: Buffer;
  readonly middleware: readonly WsAuthMiddleware[];
  readonly maxSessionAgeMs: number;
  readonly expiryWarningMs: number;
  readonly maxReauthenticationsPerMinute: number;
  readonly maxSessionsPerUser: number;
  readonly onLimit: 'refuse' | 'closeOldest';
  readonly heartbeatIntervalMs: number;
  readonly maxBufferedBytes: number;
}

/**
 * Normalises options once, at boot, so that no default is looked up later.
 *
 * @throws {WsAuthConfigurationError} for every option that is invalid or unsafe.
 */
export function resolvePolicy(options: WsAuthModuleOptions): Policy {
  const extractors = checkExtractors(
    options.credentials ?? [fromAuthorizationHeader(), fromFirstMessage()],
  );
  const handshakeExtractors = extractors.filter(isHandshakeExtractor);
  const ambient = handshakeExtractors.some((extractor) => extractor.ambient);
  const optional = checkBoolean('optional', options.optional ?? false);
  const events = checkEvents({ ...defaultEventNames, ...options.events });
  return Object.freeze({
    strategy: checkStrategy(options.strategy, extractors),
    handshakeExtractors,
    firstMessage: extractors.find((extractor) => extractor instanceof FirstMessageExtractor),
    bridges: extractors.filter(isBridged),
    readsRequest: handshakeExtractors.some(({ place }) => place === 'request'),
    optional,
    rejection: checkRejection(options.rejection ?? 'http', { extractors, optional }),
    origin: originPolicy(options.allowedOrigins, ambient),
    challengeSchemes: schemesOf(extractors),
    redaction: redactionOf(extractors),
    closeCodes: closeCodeMap(options.closeCodes ?? {}),
    realm: checkRealm(options.realm ?? 'Users'),
    userId: checkFunction('userId', options.userId),
    expiresAt: checkFunction('expiresAt', options.expiresAt),
    property: checkProperty(options.property ?? 'user'),
    trust: proxyTrust(options.trustProxy ?? false),
    events,
    renewals: new EventMatcher(events.authenticate),
    ping: Buffer.from(pingMessage(events)),
    middleware: Object.freeze(
      (options.middleware ?? []).map((each) => checkFunction('middleware', each)),
    ),
    onLimit: checkOnLimit(options.onLimit ?? 'refuse'),
    ...checkNumbers(options),
  });
}

function checkOnLimit(onLimit: unknown): 'refuse' | 'closeOldest' {
  if (onLimit !== 'refuse' && onLimit !== 'closeOldest') {
    throw new WsAuthConfigurationError("onLimit: expected 'refuse' or 'closeOldest'");
  }
  return onLimit;
}

function checkExtractors(listed: readonly WsCredentialExtractor[]): WsCredentialExtractor[] {
  if (!Array.isArray(listed) || listed.length === 0) {
    throw new WsAuthConfigurationError(
      'credentials: the list is empty; name an extractor such as fromAuthorizationHeader(), or mark the gateway @WsPublic()',
    );
  }
  if (!listed.every(isExtractor)) {
    throw new WsAuthConfigurationError(
      'credentials: expected extractors such as fromAuthorizationHeader(), called, in a list',
    );
  }
  if (listed.some((each) => each instanceof SubprotocolExtractor && !isToken(each.prefix))) {
    throw new WsAuthConfigurationError(
      "fromSubprotocol: expected a prefix such as 'bearer.' that a subprotocol may start with",
    );
  }
  if (listed.filter(({ phase }) => phase === 'message').length > 1) {
    throw new WsAuthConfigurationError('credentials: fromFirstMessage() is listed twice');
  }
  const readsBasic = listed.some(
    (extractor) => extractor instanceof AuthorizationHeaderExtractor && extractor.ambient,
  );
  return listed
    .map((extractor) =>
      extractor instanceof UserInfoExtractor && !readsBasic
        ? extractor.withAnyPassword()
        : extractor,
    )
    .toSorted((first, second) => Number(isUserInfo(second)) - Number(isUserInfo(first)));
}

/** Of two extractors that share the place, the one that takes only some of what it finds there comes first. */
function isUserInfo(extractor: WsCredentialExtractor): boolean {
  return extractor instanceof UserInfoExtractor;
}

function isExtractor(value: unknown): value is WsCredentialExtractor {
  const phase: unknown = (value as Partial<WsCredentialExtractor> | undefined)?.phase;
  return phase === 'handshake' || phase === 'message';
}

function isHandshakeExtractor(extractor: WsCredentialExtractor): extractor is HandshakeExtractor {
  return extractor.phase === 'handshake';
}

function isBridged(extractor: WsCredentialExtractor): extractor is CookieExtractor {
  return extractor instanceof CookieExtractor && extractor.bridge !== undefined;
}

function checkStrategy(
  strategy: WsAuthModuleOptions['strategy'],
  extractors: readonly WsCredentialExtractor[],
): readonly string[] {
  const names = strategy === undefined ? [] : [strategy].flat();
  const needed = extractors.some(({ strategy: own }) => own === undefined);
  const empty = extractors.some(({ strategy: own }) => own?.length === 0);
  if (empty || (needed && names.length === 0)) {
    throw new WsAuthConfigurationError(
      "strategy: none is named; pass WsAuthModule.forRoot({ strategy: 'jwt' }), put @WsAuth({ strategy: 'jwt' }) on the " +
        "gateway, or import PassportModule.register({ defaultStrategy: 'jwt' })",
    );
  }
  return Object.freeze(names);
}

function schemesOf(extractors: readonly WsCredentialExtractor[]): readonly ChallengeScheme[] {
  const schemes = new Set(extractors.flatMap(({ challengeSchemes }) => challengeSchemes));
  return Object.freeze([...schemes]);
}

/** What a WebSocket has besides the members of an event emitter. */
const clientMembers: ReadonlySet<string> = new Set(
  (
    'CONNECTING OPEN CLOSING CLOSED binaryType bufferedAmount extensions isPaused protocol readyState url ' +
    'onopen onclose onerror onmessage addEventListener removeEventListener ' +
    'close emitClose pause ping pong resume send setSocket terminate'
  ).split(' '),
);

function checkProperty(property: unknown): string {
  const taken = /^(?:_|wsAuth|$)/;
  if (
    typeof property !== 'string' ||
    taken.test(property) ||
    clientMembers.has(property) ||
    property in EventEmitter.prototype
  ) {
    throw new WsAuthConfigurationError(
      "property: expected a name such as 'user' that a client does not have already",
    );
  }
  return property;
}

function checkEvents(events: WsAuthEventNames): WsAuthEventNames {
  for (const [name, value] of Object.entries(events) as [string, unknown][]) {
    if (typeof value !== 'string' || value === '') {
      throw new WsAuthConfigurationError(`events.${name}: expected a name, got ${describe(value)}`);
    }
  }
  return Object.freeze(events);
}

function checkRealm(realm: string): string {
  if (typeof realm !== 'string' || hasControlCharacter(realm)) {
    throw new WsAuthConfigurationError('realm: expected a string without control characters');
  }
  return realm;
}

function closeCodeMap(options: CloseCodeOptions): ReadonlyMap<number, number> {
  const entries: [number, number | undefined, string][] = [
    [WsAuthCloseCode.Unauthorized, options.unauthorized, 'unauthorized'],
    [WsAuthCloseCode.Forbidden, options.forbidden, 'forbidden'],
    [WsAuthCloseCode.Timeout, options.timeout, 'timeout'],
  ];
  const codes = new Map<number, number>();
  for (const [registered, code, name] of entries) {
    if (code !== undefined && !isSendableCloseCode(code)) {
      throw new WsAuthConfigurationError(
        `closeCodes.${name}: expected 1000, 1001, 1003, 1007-1009, 1011-1013 or 3000-4999, got ${describe(code)}`,
      );
    }
    codes.set(registered, code ?? registered);
  }
  return codes;
}
