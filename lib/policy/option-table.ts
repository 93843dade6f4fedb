import { fromAuthorizationHeader } from '../credentials/authorization-header.extractor.js';
import { fromFirstMessage } from '../credentials/first-message.extractor.js';
import { defaultEventNames, type WsAuthEventNames } from '../protocol/message.js';
import { checkName, checkStrategy, maxTimerMs } from './check-option.js';
import {
  checkAllowedOrigins,
  checkCloseCode,
  checkCredentials,
  checkMiddleware,
  checkProperty,
  checkRealm,
  checkTrustProxy,
  demandDistinctNames,
} from './check-policy-option.js';
import {
  checkLimiter,
  checkPlatform,
  checkStore,
  checkTelemetry,
  demandLimit,
} from './check-service.js';
import type { RowsOf } from './check-options.js';
import {
  bound,
  callable,
  custom,
  flag,
  group,
  integer,
  oneOf,
  optionalGroup,
  together,
} from './option-rows.js';
import type { FailedAttemptOptions, WsAuthModuleOptions, WsTicketOptions } from './options.js';
import type { CloseCodeOptions, WsAuthPolicyOptions } from './policy-options.js';
import { checkServerPlatforms } from './server-platform.js';
import { checkUpgrades } from './upgrades.js';
import { WsAuthCloseCode } from '../protocol/close-code.js';

/**
 * Every option of a gateway: name, default and check. The documentation is in `policy-options.ts` and `options.ts`; tests hold it, the table of
 * lib/guides/options.md and the bounds of SECURITY.md to this table.
 */
export const gatewayOptions = {
  strategy: custom(checkStrategy),
  credentials: custom(checkCredentials, [fromAuthorizationHeader(), fromFirstMessage()]),
  optional: flag(false),
  rejection: oneOf('http', ['http', 'close', 'auto']),
  allowedOrigins: custom(checkAllowedOrigins),
  authTimeoutMs: integer(5_000, { min: 1, max: maxTimerMs }),
  maxCredentialBytes: integer(8_192, { min: 16 }),
  maxQueuedMessages: integer(64, { min: 0 }),
  maxQueuedBytes: integer(65_536, { min: 0 }),
  realm: custom(checkRealm, 'Users'),
  closeCodes: group({
    unauthorized: custom(checkCloseCode, WsAuthCloseCode.Unauthorized),
    forbidden: custom(checkCloseCode, WsAuthCloseCode.Forbidden),
    timeout: custom(checkCloseCode, WsAuthCloseCode.Timeout),
  } satisfies RowsOf<CloseCodeOptions>),
  middleware: custom(checkMiddleware, []),
  maxSessionAgeMs: bound(Infinity),
  expiryWarningMs: integer(30_000, { min: 0 }),
  maxReauthenticationsPerMinute: integer(30, { min: 1 }),
  maxSessionsPerUser: bound(Infinity),
  onLimit: oneOf('refuse', ['refuse', 'closeOldest']),
  heartbeatIntervalMs: integer(30_000, { min: 0, max: maxTimerMs }),
  maxBufferedBytes: bound(16_777_216),
  bindSidToAddress: flag(false),
  connectionGuards: flag(false),
  awaitConnection: flag(true),
  connectionTimeoutMs: integer(5_000, { min: 1, max: maxTimerMs }),
} satisfies RowsOf<WsAuthPolicyOptions>;

/** Every option that holds for the whole application. */
export const applicationOptions = {
  platform: custom(checkPlatform),
  platforms: custom(checkServerPlatforms, []),
  upgrades: custom(checkUpgrades, []),
  userId: callable<WsAuthModuleOptions['userId']>(),
  expiresAt: callable<WsAuthModuleOptions['expiresAt']>(),
  property: custom(checkProperty, 'user'),
  trustProxy: custom(checkTrustProxy, false),
  shutdownTimeoutMs: integer(5_000, { min: 0, max: maxTimerMs }),
  drainMs: integer(0, { min: 0, max: maxTimerMs }),
  maxPending: integer(4_096, { min: 1 }),
  maxPendingPerAddress: integer(512, { min: 1 }),
  failedAttempts: together(
    optionalGroup({
      perAddress: custom(checkLimiter),
      perAccount: custom(checkLimiter),
    } satisfies RowsOf<FailedAttemptOptions>),
    demandLimit,
  ),
  refusalLogLevel: oneOf('debug', ['error', 'warn', 'log', 'debug', 'verbose', false]),
  tickets: optionalGroup({
    ttlMs: integer(30_000, { min: 1_000, max: 300_000 }),
    maxPerUser: integer(100, { min: 1 }),
    maxTotal: integer(100_000, { min: 1 }),
  } satisfies RowsOf<WsTicketOptions>),
  store: custom(checkStore),
  maxStalenessMs: integer(30_000, { min: 100, max: maxTimerMs }),
  onStoreLoss: oneOf('close', ['close', 'keep']),
  clockToleranceMs: integer(0, { min: 0, max: 60_000 }),
  sessionLimitScope: oneOf('node', ['node', 'cluster']),
  presence: flag(false),
  telemetry: custom(checkTelemetry),
  events: together(
    group({
      authenticate: custom(checkName, defaultEventNames.authenticate),
      authenticated: custom(checkName, defaultEventNames.authenticated),
      expiring: custom(checkName, defaultEventNames.expiring),
      draining: custom(checkName, defaultEventNames.draining),
      ended: custom(checkName, defaultEventNames.ended),
      ping: custom(checkName, defaultEventNames.ping),
    } satisfies RowsOf<WsAuthEventNames>),
    demandDistinctNames,
  ),
} satisfies RowsOf<Omit<WsAuthModuleOptions, keyof WsAuthPolicyOptions>>;

/** Every option of the module. */
export const moduleOptions = { ...gatewayOptions, ...applicationOptions };
