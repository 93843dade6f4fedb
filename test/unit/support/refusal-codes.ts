import type { RefusalCode } from '../../../lib/protocol/refusal.js';

/** Every code, held complete by the compiler. */
const codes: Readonly<Record<RefusalCode, true>> = {
  ERR_WS_AUTH_MALFORMED_HANDSHAKE: true,
  ERR_WS_AUTH_MALFORMED_CREDENTIAL: true,
  ERR_WS_AUTH_SEVERAL_CREDENTIALS: true,
  ERR_WS_AUTH_CREDENTIAL_TOO_LARGE: true,
  ERR_WS_AUTH_CREDENTIAL_REQUIRED: true,
  ERR_WS_AUTH_CREDENTIAL_REJECTED: true,
  ERR_WS_AUTH_REDIRECTED: true,
  ERR_WS_AUTH_ORIGIN_REFUSED: true,
  ERR_WS_AUTH_NOT_PERMITTED: true,
  ERR_WS_AUTH_UNKNOWN_PATH: true,
  ERR_WS_AUTH_METHOD_NOT_ALLOWED: true,
  ERR_WS_AUTH_UPGRADE_REQUIRED: true,
  ERR_WS_AUTH_TOO_MANY_HEADERS: true,
  ERR_WS_AUTH_TOO_MANY_ATTEMPTS: true,
  ERR_WS_AUTH_TOO_MANY_SESSIONS: true,
  ERR_WS_AUTH_OTHER_USER: true,
  ERR_WS_AUTH_REVOKED: true,
  ERR_WS_AUTH_BUSY: true,
  ERR_WS_AUTH_TIMEOUT: true,
  ERR_WS_AUTH_UNSUPPORTED_DATA: true,
  ERR_WS_AUTH_QUEUE_FULL: true,
  ERR_WS_AUTH_STRATEGY_FAILED: true,
  ERR_WS_AUTH_UNAVAILABLE: true,
  ERR_WS_AUTH_OVERLOADED: true,
  ERR_WS_AUTH_SHUTTING_DOWN: true,
};

export const allRefusalCodes = Object.keys(codes) as readonly RefusalCode[];
