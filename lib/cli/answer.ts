import { STATUS_CODES } from 'node:http';
import { refusalCodeOf } from '../protocol/refusal.js';
import { printable } from './printable.js';

/** What the server answered to one attempt. */
export interface Answer {
  /** The HTTP status, the close code, or the name of the failure. */
  readonly code: string;
  /** What it means: what the server wrote, or else what the code stands for. */
  readonly text: string;
  /** Whether the client has a session. */
  readonly accepted: boolean;
}

/** An HTTP response, as far as it is printed. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The client has a session, until the given instant if the server has sent one. */
export function accepted(expiresAt?: number | null): Answer {
  const end = expiresAt === undefined || expiresAt === null ? '' : ` until ${isoOf(expiresAt)}`;
  return { code: '101', text: `accepted${end}`, accepted: true };
}

/** The server closed the connection, or refused a namespace, with a code and a reason. */
export function closedWith(code: number, reason: string, token: string): Answer {
  return refusal(String(code), reason, token);
}

/** The upgrade was answered by an HTTP response. Only plain text is printed: a page may repeat the whole request. */
export function answeredWith({ status, contentType, body }: HttpAnswer, token: string): Answer {
  const plain = contentType.startsWith('text/plain') ? body.trim() : '';
  return refusal(String(status), plain || (STATUS_CODES[status] ?? ''), token);
}

/** There was no answer, or none that a gateway with a session gives. */
export function failure(code: string, text: string): Answer {
  return { code, text, accepted: false };
}

/** The stable name stands behind the text, so that it can be looked up. */
function refusal(code: string, reason: string, token: string): Answer {
  const name = refusalCodeOf(reason);
  return failure(code, name ? `${reason}  ${name}` : printable(reason, token));
}

function isoOf(instant: number): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toISOString();
}
