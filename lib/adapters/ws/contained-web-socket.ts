import { EventEmitter } from 'node:events';
import { WebSocket, type WebSocketServer } from 'ws';
import { captureRejectionsWith } from '../capture-rejections.js';
import { callContained, logFault } from '../contain.js';
import { failClient } from './fail-client.js';

type Listener = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Makes a class of sockets whose listeners may throw or reject: the exception is logged and the client closed with 1011.
 * `ws` calls listeners from a callback of the TCP socket, where an exception ends the process, at the will of a client.
 */
export function containedWebSocket(base: typeof WebSocket = WebSocket): typeof WebSocket {
  const hasOwnEmit = base.prototype.emit !== EventEmitter.prototype.emit;
  const contained = class extends base {
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      try {
        return event === 'close' && !hasOwnEmit
          ? emitToEach(this, event, args)
          : super.emit(event, ...args);
      } catch (error) {
        blame(this, event, error);
        return true;
      }
    }

    override [EventEmitter.captureRejectionSymbol](error: unknown, event: string | symbol): void {
      blame(this, event, error);
    }
  };
  return Object.defineProperty(contained, 'name', { value: base.name });
}

/**
 * Announces a client to the gateways. A listener that throws is the last that sees it; it may be one that refuses clients
 * in this way.
 */
export function announceClient(server: WebSocketServer, client: WebSocket, request: object): void {
  try {
    server.emit('connection', client, request);
  } catch (error) {
    blame(client, 'connection', error);
  }
}

/** Has the listeners of `connection` handled in the same way when they are async. */
export function containConnectionListeners(server: WebSocketServer): void {
  captureRejectionsWith(server, onRejection);
}

function onRejection(error: unknown, event: string | symbol, client: unknown): void {
  if (client instanceof WebSocket) {
    blame(client, event, error);
  } else {
    logFault(`a listener of "${String(event)}"`, error);
  }
}

/** Calls the listeners one by one: `handleDisconnect` must also run where a listener before it has thrown. */
function emitToEach(client: WebSocket, event: string, args: readonly unknown[]): boolean {
  const listeners = client.rawListeners(event) as Listener[];
  for (const listener of listeners) {
    callContained(
      () => listener.apply(client, [...args]),
      (error) => blame(client, event, error),
    );
  }
  return listeners.length > 0;
}

function blame(client: WebSocket, event: string | symbol, error: unknown): void {
  failClient(client, `a listener of "${String(event)}"`, error);
}
