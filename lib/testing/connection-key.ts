import type { Socket } from 'node:net';

/**
 * Names a connection, the same at both ends. No peer can claim to be another one: the ends of a connection are what the
 * operating system reports.
 */
export const connectionKey = {
  /** As the client sees it. */
  ofClient: ({ localAddress, localPort, remotePort }: Socket) =>
    keyOf(localAddress, localPort, remotePort),
  /** As the server sees it. */
  ofServer: ({ remoteAddress, remotePort, localPort }: Socket) =>
    keyOf(remoteAddress, remotePort, localPort),
};

/** A server that listens on IPv6 as well writes IPv4 addresses as `::ffff:127.0.0.1`. */
function keyOf(address = '', clientPort = 0, serverPort = 0): string {
  return `${address.replace(/^::ffff:/, '')} ${clientPort} ${serverPort}`;
}
