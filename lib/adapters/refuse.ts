import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { httpResponse, refusalBody, refusalFields } from '../protocol/http-response.js';
import type { Refusal } from '../protocol/refusal.js';
import { closeGraceMs } from './ws/close-client.js';
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

/** Answers a plain HTTP request that should have been an upgrade. */
export function refuseRequest(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.httpStatus, refusalFields(refusal).flat());
  response.end(refusalBody(refusal));
}
