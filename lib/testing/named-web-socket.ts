import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { SessionLifecycle } from '../adapters/session-lifecycle.js';
import { SessionGate } from '../adapters/ws/session-gate.js';
import { connectionKey } from './connection-key.js';
import type { WsTestClientOptions } from './test-client.js';
import { WebSocketWire } from './web-socket-wire.js';
import type { Receive, SessionWire } from './wire.js';

/** Called with the key of a connection, before its first byte is sent. */
export type OnKey = (key: string) => void;

/** An hour of fake time is 120 pings in one turn. Its types do not know the option of `ws` yet. */
const manyPings: object = { maxPendingAutoPongs: 0 };

/** A native WebSocket that has a key as soon as the system has made its connection. */
export class NamedWebSocket extends WebSocketWire implements SessionWire<WebSocket> {
  readonly #named: { key: string | undefined };

  constructor(url: URL, options: WsTestClientOptions, receive: Receive, onKey: OnKey) {
    const named: { key: string | undefined } = { key: undefined };
    const finishRequest = (request: ClientRequest) => {
      request.once('socket', (socket: Socket) => {
        socket.once('connect', () => onKey((named.key = connectionKey.ofClient(socket))));
      });
      request.end();
    };
    super(url.href, { ...manyPings, ...options, finishRequest }, receive);
    this.#named = named;
  }

  /** It is a frame, which the queue has. */
  acknowledged(): Promise<void> {
    return Promise.resolve();
  }

  owns({ peer }: SessionLifecycle): boolean {
    return connectionKey.ofServer(peer.socket as Socket) === this.#named.key;
  }

  outliveHeartbeats({ connection }: SessionLifecycle): void {
    if (connection instanceof SessionGate) {
      Object.defineProperty(connection.client, 'wsAuthAlive', {
        configurable: true,
        get: () => true,
        set: ignore,
      });
    }
  }
}

function ignore(): void {}
