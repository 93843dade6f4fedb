import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { httpResponse, refusalBody, refusalFields } from '../protocol/http-response.js';
import type { Refusal } from '../protocol/refusal.js';
import { closeGraceMs } from './close-grace.js';
import { isSent } from './is-sent.js';

/** Refuses an upgrade: the one place that answers a handshake with an HTTP status. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(httpResponse(refusal));
  if (isSent(socket)) {
    socket.destroy();
  } else {
    socket.once('finish', destroy);
    socket.end();
    destroyAfter(socket, closeGraceMs.pending);
  }
}

/** Destroys a socket that is still open after so many milliseconds. */
export function destroyAfter(socket: Duplex, graceMs: number): void {
  const deadline = setTimeout(() => socket.destroy(), graceMs);
  deadline.unref();
  socket.once('close', () => clearTimeout(deadline));
}

function destroy(this: Duplex): void {
  this.destroy();
}

const ofConnection: ReadonlySet<string> = new Set(['connection', 'upgrade']);

/**
 * Answers a plain HTTP request with a refusal. Other code may have set headers before, such as those of CORS: then Node keeps only
 * the last of several lines of one name that are passed to `writeHead()`, so each field is set with all of its lines.
 *
 * HTTP/2 has no fields of a connection (RFC 9113 §8.2.2), and Node throws for some of them.
 */
export function refuseRequest(response: ServerResponse, refusal: Refusal): void {
  const lines = new Map<string, string[]>();
  const isHttp1 = response.req.httpVersionMajor < 2;
  for (const [name, value] of refusalFields(refusal)) {
    if (!isHttp1 && ofConnection.has(name.toLowerCase())) {
      continue;
    }
    lines.set(name, [...(lines.get(name) ?? []), value]);
  }
  for (const [name, values] of lines) {
    response.setHeader(name, values.length === 1 ? values[0]! : values);
  }
  response.writeHead(refusal.httpStatus);
  response.end(refusalBody(refusal));
}
