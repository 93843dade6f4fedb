import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { WsAuthError } from '../errors/ws-auth.error.js';
import { Refusal, type RefusalCode } from '../protocol/refusal.js';

const ofStatus: Readonly<Record<number, RefusalCode>> = {
  401: 'ERR_WS_AUTH_CREDENTIAL_REQUIRED',
  403: 'ERR_WS_AUTH_NOT_PERMITTED',
  429: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS',
};

/** What `WsAuthGuard` throws, and Nest's examples. */
const unauthorized = 'Unauthorized';

/**
 * The refusal that an exception of application code stands for, or `undefined` for a fault. Each 4xx of Nest's exceptions is one. Its text is constant: the message
 * of the exception is for the filters of the application.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  try {
    const code = codeOf(error);
    return code && new Refusal(code);
  } catch {
    // An exception that cannot be read is a fault.
    return undefined;
  }
}

/** The same for a hook, where an error of this package is a fault, such as that of `userOf()` without a session. */
export function refusalByHook(error: unknown): Refusal | undefined {
  const refusal = refusalOf(error);
  return refusal && !(error instanceof WsAuthError) ? refusal : undefined;
}

function codeOf(error: unknown): RefusalCode | undefined {
  if (error instanceof WsException) {
    const status = error.message === unauthorized ? 401 : 403;
    return ofStatus[status];
  }
  if (error instanceof HttpException) {
    const status = error.getStatus();
    const isNo = status >= 400 && status < 500;
    return ofStatus[status] ?? (isNo ? 'ERR_WS_AUTH_NOT_PERMITTED' : undefined);
  }
  return error instanceof WsAuthError ? ofStatus[error.httpStatus ?? 0] : undefined;
}

/** What Nest's filter sends to a client for an exception of `handleConnection`. It has no data of a message to repeat. */
export function exceptionData(error: unknown): unknown {
  const cause = { pattern: 'handleConnection' };
  if (!(error instanceof WsException)) {
    return { status: 'error', message: 'Internal server error', cause };
  }
  const content = error.getError();
  return typeof content === 'object' ? content : { status: 'error', message: content, cause };
}
