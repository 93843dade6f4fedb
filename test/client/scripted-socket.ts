import { Deferred } from '../../lib/client/deferred.js';
import type { WebSocketConstructor, WebSocketLike } from '../../lib/client/web-socket.js';

/** A WebSocket that does what the test demands, for what no server can be made to do at a given moment. */
export class ScriptedWebSocket extends EventTarget implements WebSocketLike {
  readyState = 0;
  readonly protocol = '';
  readonly bufferedAmount = 0;
  binaryType = 'blob';
  readonly sent: unknown[] = [];

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  /** The connection is open. */
  open(): void {
    this.readyState = 1;
    this.fire('open');
  }

  /** The server announces that the session ends so many milliseconds from now. */
  authenticate(lifeMs: number): void {
    const data = { expiresAt: Date.now() + lifeMs };
    this.fire('message', { data: JSON.stringify({ event: 'authenticated', data }) });
  }

  fire(type: string, details: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(type), details));
  }
}

/** A class of such sockets, and the sockets that were made of it, in order. */
export function scripted() {
  const made: ScriptedWebSocket[] = [];
  const awaited: Deferred<ScriptedWebSocket>[] = [];
  const nth = (index: number) => (awaited[index] ??= new Deferred());
  class Recorded extends ScriptedWebSocket {
    constructor() {
      super();
      nth(made.push(this) - 1).resolve(this);
    }
  }
  const WebSocket: WebSocketConstructor = Recorded;
  return { WebSocket, made, socket: (index: number) => nth(index).promise };
}
