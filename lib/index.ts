export { bearerCredential, malformedCredential } from './credentials/bearer.js';
export { fromAuthorizationHeader } from './credentials/authorization-header.extractor.js';
export { fromCookie } from './credentials/cookie.extractor.js';
export { fromFirstMessage } from './credentials/first-message.extractor.js';
export { fromQueryParam } from './credentials/query-param.extractor.js';
export { fromRequest } from './credentials/request.extractor.js';
export { fromSubprotocol } from './credentials/subprotocol.extractor.js';
export { fromUserInfo } from './credentials/user-info.extractor.js';
export { WsAuth, WsPublic } from './decorators/ws-auth.decorator.js';
export { WsSession, WsUser } from './decorators/ws-user.decorator.js';
export { WsAuthStoreError } from './errors/ws-auth-store.error.js';
export {
  WsAuthConfigurationError,
  WsAuthError,
  WsAuthNoSessionError,
} from './errors/ws-auth.error.js';
export { WsAuthEvents } from './events/ws-auth-events.js';
export { WsAuthGuard } from './guards/ws-auth.guard.js';
export { WsAuthModule } from './module/ws-auth.module.js';
export { protectUpgrades } from './policy/protect-upgrades.js';
export { WsAuthCloseCode } from './protocol/close-code.js';
export { sessionOf, userOf } from './sessions/client-session.js';
export { WsAuthHealth } from './cluster/ws-auth-health.service.js';
export { WsAuthSession } from './sessions/session.js';
export { WsAuthSessions } from './sessions/ws-auth-sessions.service.js';
export { MemoryWsAuthStore } from './store/memory.store.js';
export { WsTickets } from './tickets/ws-tickets.service.js';

export type { AuthorizationHeaderOptions } from './credentials/authorization-header.extractor.js';
export type {
  CookieBridgeOptions,
  CookieExtractor,
  CookieOptions,
} from './credentials/cookie.extractor.js';
export type { Credential, CredentialOrigin } from './credentials/credential.js';
export type {
  CredentialLimits,
  HandshakeExtractor,
  HandshakePlace,
  RedactedPlaces,
  WsCredentialExtractor,
  WsExtractorOptions,
} from './credentials/extractor.js';
export type {
  WsAuthAttemptEvent,
  WsAuthEventListener,
  WsAuthEventMap,
  WsAuthSessionEvent,
} from './events/ws-auth-events.js';
export type {
  FirstMessageExtractor,
  FirstMessageOptions,
} from './credentials/first-message.extractor.js';
export type { WsUserDecorator } from './decorators/ws-user.decorator.js';
export type { WsAuthErrorCode, WsAuthErrorOptions } from './errors/ws-auth.error.js';
export type { ChallengeScheme } from './protocol/challenge.js';
export type { UserInfoExtractor } from './credentials/user-info.extractor.js';
export type { RequestOptions } from './credentials/request.extractor.js';
export type { SubprotocolOptions } from './credentials/subprotocol.extractor.js';
export type {
  FailedAttemptOptions,
  FailureLimit,
  WsAuthModuleOptions,
  WsTicketOptions,
} from './policy/options.js';
export type {
  AllowedOrigin,
  CloseCodeOptions,
  OriginPredicate,
  WsAuthPolicyOptions,
} from './policy/policy-options.js';
export type { WsAuthPlatform } from './policy/platform.js';
export type { ProtectUpgradesOptions } from './policy/protect-upgrades.js';
export type { WsAuthServerPlatform } from './policy/server-platform.js';
export type { WsAuthUpgrades } from './policy/upgrades.js';
export type { WsAuthUserKey } from './policy/user-key.js';
export type { WsAuthRejection } from './policy/rejection.js';
export type {
  WsAuthAttempt,
  WsAuthAuthentication,
  WsAuthGauges,
  WsAuthIncident,
  WsAuthObservation,
  WsAuthOutcome,
  WsAuthPhase,
  WsAuthTelemetry,
  WsAuthVerdict,
} from './policy/telemetry.js';
export type { WsAuthMiddleware } from './passport/express-request.js';
export type { FailureCount, FailureLimiter } from './policy/failure-limiter.js';
export type {
  WsAuthCheck,
  WsAuthDiagnosis,
  WsAuthOriginDiagnosis,
  WsAuthStrategyAnswer,
} from './protocol/diagnosis.js';
export type { WsAuthEventNames } from './protocol/message.js';
export type { WsAuthTransport } from './protocol/transport.js';
export type { Handshake } from './protocol/handshake.js';
export type { Refusal, RefusalCode } from './protocol/refusal.js';
export type { RequestTarget } from './protocol/request-target.js';
export type {
  RevocationTarget,
  RevokeOptions,
  SessionTarget,
} from './sessions/revocation-target.js';
export type { ClusterListOptions, WsAuthClusterPage } from './sessions/cluster-sessions.js';
export type { DisconnectOptions } from './sessions/disconnections.js';
export type { DrainOptions } from './sessions/session-drain.js';
export type { RebalanceOptions } from './sessions/rebalancing.js';
export type { HttpSessionStore } from './sessions/http-session.js';
export type { WsAuthClusterSession } from './cluster/presence-record.js';
export type { WsAuthHealthResult } from './cluster/ws-auth-health.service.js';
export type {
  LeaseAnswer,
  LeaseClaim,
  NodeRecord,
  RevocationKind,
  RevocationPage,
  RevocationQuestion,
  SessionLease,
  StoredRevocation,
  StoredTicket,
  TicketLimits,
  WsAuthStore,
} from './store/ws-auth-store.js';
export type { IssuedTicket, TicketOptions } from './tickets/ws-tickets.service.js';
