import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressKey, keyOfClosedSocket, keyOfNoAddress } from './address-key.js';
import { clientAddress, isUnixSocket, type ProxyTrust } from './proxy-trust.js';

/**
 * The key under which limits count the client of a request. A client whose address cannot be read has a key of its own.
 *
 * No other address of the chain stands in for one that cannot be read: the others are those of proxies, and counting all
 * clients of a proxy as one would let one of them lock out the rest.
 */
export function clientKey(request: IncomingMessage, trust: ProxyTrust): string {
  return keyOf(clientAddress(request, trust), request.socket);
}

/** The key of a client whose connection no proxy has forwarded. */
export function socketKey(socket: Duplex): string {
  return keyOf((socket as Partial<Socket>).remoteAddress, socket);
}

function keyOf(address: string | undefined, socket: Duplex): string {
  return addressKey(address ?? '') ?? (hasLeft(socket) ? keyOfClosedSocket : keyOfNoAddress());
}

function hasLeft(socket: Duplex): boolean {
  return socket instanceof Socket && socket.remoteAddress === undefined && !isUnixSocket(socket);
}
