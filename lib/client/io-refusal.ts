import { WsAuthCloseCode } from '../protocol/close-code.js';
import { isRecord } from '../protocol/message.js';

/** Why a session, or a connection, has ended. */
export interface Reason {
  readonly code: number;
  readonly reason: string;
}

/** Close codes of the contract by the status with which a server refuses a poll. Socket.IO would try the same for ever. */
export const codeOfStatus: Readonly<Record<number, number>> = {
  401: WsAuthCloseCode.Unauthorized,
  403: WsAuthCloseCode.Forbidden,
};

/** The reason in what the server sent with `ended` or `connect_error`; `undefined` for anything else. */
export function reasonIn(data: unknown): Reason | undefined {
  const { code, reason } = isRecord(data) ? data : {};
  return typeof code === 'number' && typeof reason === 'string' ? { code, reason } : undefined;
}
