import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import type { INestApplication } from '@nestjs/common';

const listening = new WeakMap<INestApplication, Promise<unknown>>();

/** Makes sure that an application listens: on a port of the loopback interface that the system chooses, unless it does. */
export async function listen(app: INestApplication): Promise<Server> {
  const server: Server = app.getHttpServer();
  if (!server.listening) {
    const pending = listening.get(app) ?? app.listen(0, '127.0.0.1');
    listening.set(app, pending);
    await pending;
  }
  return server;
}

/** Where an application listens, or a server with a port of its own. */
export function originOf(server: Server, port: number, scheme: 'ws' | 'http'): string {
  if (port !== 0) {
    return `${scheme}://localhost:${port}`;
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') {
    throw new Error('the application does not listen on a port');
  }
  const secure = (server as unknown) instanceof TlsServer ? 's' : '';
  return `${scheme}${secure}://${reachable(bound.address)}:${bound.port}`;
}

/** An address by which to reach a server that listens on one, or on all. */
function reachable(address: string): string {
  if (address === '0.0.0.0') {
    return '127.0.0.1';
  }
  return address.includes(':') ? `[${address === '::' ? '::1' : address}]` : address;
}
