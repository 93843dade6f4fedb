import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Whether the kernel has all bytes, so that the socket can be destroyed without `end()`. TLS still has to send its close alert. */
export function isSent(socket: Duplex): boolean {
  return socket instanceof Socket && !(socket instanceof TLSSocket) && socket.writableLength === 0;
}
