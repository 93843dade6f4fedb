import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import { logError } from '../protocol/log-text.js';

/** Codes that begin the messages of Redis. A list, since any other first word may be a value. */
const redisCode =
  /^(?:ASK|BUSY|CLUSTERDOWN|CROSSSLOT|ERR|EXECABORT|LOADING|MASTERDOWN|MISCONF|MOVED|NOAUTH|NOPERM|NOREPLICAS|NOSCRIPT|OOM|READONLY|TRYAGAIN|WRONGPASS|WRONGTYPE)(?= |$)/;

/** Codes of Node, such as `ECONNREFUSED`. */
const systemCode = /^[A-Z][A-Z_]{2,40}$/;

/**
 * Text of a failure of the store for the log: the constant message of a {@link WsAuthStoreError} and the error code of its
 * cause, so that operators learn why. Messages of other errors are left out, since they may quote keys and values.
 */
export function logStoreFailure(error: unknown): string {
  if (!(error instanceof WsAuthStoreError)) {
    return logError(error);
  }
  const code = codeOf(error.cause);
  return code === undefined ? error.message : `${error.message} (${code})`;
}

function codeOf(cause: unknown): string | undefined {
  const { message, code } = Object(cause) as Partial<Record<string, unknown>>;
  const [known] = redisCode.exec(String(message)) ?? systemCode.exec(String(code)) ?? [];
  return known;
}
