import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ContainedLogger } from '../events/contained-logger.js';
import type { WsAuthTransport } from '../protocol/transport.js';

/** What serves the gateways of an application. */
export interface GatewayPlaces {
  readonly transport: WsAuthTransport;
  /** Whether the server of the application has a gateway, or the server of another package. */
  readonly isPortUsed: boolean;
  /** Where the gateways are, such as `:8080/chat`. */
  readonly places: readonly string[];
}

const droppedUpgrade =
  'a WebSocket handshake has come as a plain request: a proxy in front has dropped "Upgrade" or "Connection"; pass both on, as ' +
  'the guide to proxies shows';

const withoutWebSockets =
  "a WebSocket handshake has come, and the gateways have polling only: list 'websocket' in transports of @WebSocketGateway(), or have " +
  "clients connect with transports: ['polling']";

const otherClient =
  'a client of Socket.IO has come, and the gateways speak native WebSockets: connect with new WebSocket(url) or nestjs-ws-auth/client, ' +
  'or install @nestjs/platform-socket.io instead of @nestjs/platform-ws';

const nativeClient =
  'a client has come with a WebSocket of its own, and the gateways speak Socket.IO: connect with io(url) of socket.io-client, or install ' +
  '@nestjs/platform-ws instead of @nestjs/platform-socket.io';

const clientOfSocketIo = /^\/socket\.io\/?\?(?:[^#]*&)?EIO=\d/;

/**
 * Warns, once of each kind, of clients of gateways that arrive as plain requests, which the application answers without a line, mostly with
 * 404: a proxy has dropped `Upgrade` or `Connection`, the gateways are on another port, or the client is one of Socket.IO.
 */
export function watchForLostClients(server: Server, gateways: GatewayPlaces): void {
  const warned = new Set<string>();
  const warn = (cause: string) => {
    if (!warned.has(cause)) {
      warned.add(cause);
      new ContainedLogger('WsAuth').warn(cause);
    }
  };
  const look = (request: IncomingMessage, response: ServerResponse) => {
    const cause = causeOf(request, gateways);
    if (cause !== undefined && cause !== otherClient) {
      warn(cause);
    } else if (cause !== undefined && !warned.has(cause)) {
      // The application may have a server of Socket.IO of its own.
      response.once('finish', () => isUnserved(response) && warn(cause));
    }
  };
  // engine.io closes an upgrade for another path without a word.
  const lookAtUpgrade = (_request: IncomingMessage, socket: Duplex) => {
    socket.once('close', () => {
      if (socket.writableEnded && (socket as Partial<Socket>).bytesWritten === 0) {
        warn(nativeClient);
      }
    });
  };
  server.on('request', look);
  // Without another listener of Socket.IO, this one would have Node.js take every upgrade for one that is handled.
  const isWatched = gateways.transport === 'socket.io' && server.listenerCount('upgrade') > 0;
  if (isWatched) {
    server.on('upgrade', lookAtUpgrade);
  }
  server.once('close', () => server.off('request', look).off('upgrade', lookAtUpgrade));
}

function causeOf(
  { headers, url = '' }: IncomingMessage,
  { transport, isPortUsed, places }: GatewayPlaces,
): string | undefined {
  const isHandshake = headers['sec-websocket-key'] !== undefined;
  const isOfSocketIo = clientOfSocketIo.test(url);
  if (!isPortUsed && (isUpgrade(headers) || (isOfSocketIo && transport === 'socket.io'))) {
    return (
      'a client of a gateway has come to the port of the application, which has no gateway: connect to ' +
      `${places.join(', ')}, or leave the port out of @WebSocketGateway()`
    );
  }
  if (isHandshake) {
    if (!isUpgrade(headers)) {
      return droppedUpgrade;
    }
    // Node.js takes an upgrade for a request where no server on the port has WebSockets. Boot has warned where there is no gateway.
    return places.length > 0 ? withoutWebSockets : undefined;
  }
  return isOfSocketIo && transport !== 'socket.io' ? otherClient : undefined;
}

/** Whether no server of Socket.IO has answered: there is a 404, or the page that an application has for all paths. */
function isUnserved(response: ServerResponse): boolean {
  const type = String(response.getHeader('content-type'));
  return response.statusCode === 404 || type.startsWith('text/html');
}

/** Whether it is a handshake that no proxy has changed. */
function isUpgrade({ upgrade, connection }: IncomingMessage['headers']): boolean {
  return upgrade?.toLowerCase() === 'websocket' && /\bupgrade\b/i.test(connection ?? '');
}
