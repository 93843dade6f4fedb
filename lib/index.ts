export { WsAuthAdapter } from './adapters/ws-auth.adapter.js';
export { fromAuthorizationHeader } from './credentials/authorization-header.extractor.js';
export { fromCookie } from './credentials/cookie.extractor.js';
export { fromFirstMessage } from './credentials/first-message.extractor.js';
export { fromQueryParam } from './credentials/query-param.extractor.js';
export { fromRequest } from './credentials/request.extractor.js';
export { fromSubprotocol } from './credentials/subprotocol.extractor.js';
export { fromUserInfo } from './credentials/user-info.extractor.js';
export { WsAuth, WsPublic } from './decorators/ws-auth.decorator.js';
export { WsSession, WsUser } from './decorators/ws-user.decorator.js';
export {
  WsAuthConfigurationError,
  WsAuthError,
  WsAuthNoSessionError,
} from './errors/ws-auth.error.js';
export { WsAuthGuard } from './guards/ws-auth.guard.js';
export { WsAuthModule } from './module/ws-auth.module.js';
export { WsAuthCloseCode } from './protocol/close-code.js';
export { sessionOf, userOf } from './sessions/client-session.js';
export { WsAuthSession } from './sessions/session.js';

export type { WsAuthAdapterOptions } from './adapters/ws-auth.adapter.js';
export type { AuthorizationHeaderOptions } from './credentials/authorization-header.extractor.js';
export type { CookieBridgeOptions, CookieOptions } from './credentials/cookie.extractor.js';
export type { WsCredentialExtractor, WsExtractorOptions } from './credentials/extractor.js';
export type { FirstMessageOptions } from './credentials/first-message.extractor.js';
export type { RequestOptions } from './credentials/request.extractor.js';
export type { SubprotocolOptions } from './credentials/subprotocol.extractor.js';
export type {
  AllowedOrigin,
  CloseCodeOptions,
  OriginPredicate,
  WsAuthModuleOptions,
  WsAuthPolicyOptions,
} from './policy/options.js';
