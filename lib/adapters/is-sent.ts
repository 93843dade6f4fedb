import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Whether the kernel has it all, so that to close is as good as to end first. TLS wants to say goodbye. */
export function isSent(socket: Duplex): boolean {
  return socket instanceof Socket && !(socket instanceof TLSSocket) && socket.writableLength === 0;
}
