import type { WsAuthError } from 'nestjs-ws-auth';

/** The HTTP status with which a route answers an error of `sessions.refresh()` or `sessions.revoke()`. */
export function statusOf({ code }: WsAuthError): number {
  switch (code) {
    case 'ERR_WS_AUTH_NO_SESSION':
      return 404;
    case 'ERR_WS_AUTH_OTHER_USER':
    case 'ERR_WS_AUTH_REVOKED':
      return 403;
    case 'ERR_WS_AUTH_NOT_A_USER':
      return 401;
    case 'ERR_WS_AUTH_STORE_UNAVAILABLE':
      return 503;
    case 'ERR_WS_AUTH_CLOSE_FRAME':
    case 'ERR_WS_AUTH_CONFIGURATION':
    case 'ERR_WS_AUTH_REVOCATION':
      return 500;
  }
}
