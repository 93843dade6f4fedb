import { STATUS_CODES } from 'node:http';
import type { Refusal, RefusalCode } from './refusal.js';

/** A header field: name and value. */
export type HeaderField = readonly [name: string, value: string];

/** Fields that some statuses must carry (RFC 9110 §15.5.6, §15.5.22; RFC 6455 §4.4). */
const requiredFields: Readonly<Record<number, readonly HeaderField[]>> = {
  405: [['Allow', 'GET']],
  426: [
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
  ],
};

/**
 * The header fields of a refusal: nothing of the request is reflected, caches keep nothing, and the connection ends after
 * it, so that early bytes cannot turn into a second request.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 RFC 9110 §11.6.1}: one challenge per line.
 */
export function refusalFields(refusal: Refusal): HeaderField[] {
  const { httpStatus, challenges, retryAfterSeconds } = refusal;
  return [
    ['Connection', httpStatus === 426 ? 'Upgrade, close' : 'close'],
    ...challenges.map((challenge): HeaderField => ['WWW-Authenticate', challenge]),
    ...(retryAfterSeconds === undefined
      ? []
      : [['Retry-After', String(retryAfterSeconds)] as const]),
    ...(requiredFields[httpStatus] ?? []),
    ['Cache-Control', 'no-store'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(refusalBody(refusal).length)],
  ];
}

/** The body of a refusal: its constant reason, in ASCII. */
export function refusalBody({ reason }: Refusal): string {
  return `${reason}\n`;
}

/** Responses that name no time, by their challenges, which a policy keeps: there are but a few. */
const written = new WeakMap<readonly string[], Map<RefusalCode, string>>();

/** Writes a refusal as one complete HTTP/1.1 response. */
export function httpResponse(refusal: Refusal): string {
  const { code, challenges, retryAfterSeconds } = refusal;
  if (retryAfterSeconds !== undefined) {
    return writeResponse(refusal);
  }
  const known = written.get(challenges) ?? new Map<RefusalCode, string>();
  const response = known.get(code) ?? writeResponse(refusal);
  if (known.size === 0) {
    written.set(challenges, known);
  }
  known.set(code, response);
  return response;
}

function writeResponse(refusal: Refusal): string {
  let head = `HTTP/1.1 ${refusal.httpStatus} ${STATUS_CODES[refusal.httpStatus]}\r\n`;
  for (const field of refusalFields(refusal)) {
    head += `${field[0]}: ${field[1]}\r\n`;
  }
  return `${head}\r\n${refusalBody(refusal)}`;
}
