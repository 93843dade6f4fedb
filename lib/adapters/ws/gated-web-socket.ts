import type { AsyncResource } from 'node:async_hooks';
import { WebSocket, type RawData } from 'ws';
import { eventMessage } from '../../protocol/message.js';
import { boundBacklog, failingWhenTerminated } from './backlog.js';
import { deliverHeld, deliverResumed } from './held-messages.js';
import { keeps, type Hold } from './hold.js';
import { containedWebSocket } from './contained-web-socket.js';
import { failClient } from './fail-client.js';
import type { Refusal } from '../../protocol/refusal.js';

/** Arguments of the `close` event. */
export type CloseArgs = readonly unknown[];

/** Decides what listeners of a socket receive, and what code that holds the socket may send. */
export interface Gate {
  /** Whether listeners may see a message now. A gate that returns false has handled it. */
  admits(client: GatedWebSocket, data: RawData, isBinary: boolean): boolean;
  /** Present for clients of public gateways, whose sockets behave as those of stock Nest. */
  readonly isPublic?: true;
  /** Whether code that holds the client may send now. */
  readonly sends: boolean;
  /** Bytes that may wait to be sent, besides one message. */
  readonly maxBufferedBytes: number;
  /** Called before listeners receive `close`. Returns true if messages come first: the gate then emits the event later. */
  keepsClose?(client: GatedWebSocket, close: CloseArgs): boolean;
  /**
   * Ends the connection after an exception of application code, or with its refusal. Without it the client is terminated.
   */
  fail?(client: GatedWebSocket, refusal: Refusal | undefined): void;
}

/** Until a gate is set, which is before the first byte is read. */
const noGate: Gate = {
  admits: () => true,
  sends: true,
  maxBufferedBytes: Number.POSITIVE_INFINITY,
};

/** A dead socket: nothing gets in, and nothing but the close frame gets out. */
export const closedGate: Gate = {
  admits: () => false,
  sends: false,
  maxBufferedBytes: 0,
  fail: () => undefined,
};

/**
 * A WebSocket that asks its gate before it emits a message. Neither Nest nor a listener of the application receives anything
 * from a peer that is not authenticated, or whose session has ended.
 */
export interface GatedWebSocket extends WebSocket {
  wsAuthGate: Gate;
  /** What `AsyncLocalStorage` holds for listeners; the socket itself knows only the context of its TCP connection. */
  wsAuthContext: AsyncResource | undefined;
  /** Whether the peer has shown life since the last ping. */
  wsAuthAlive: boolean;
  /** Size of the largest message that waits, if it is larger than the backlog may be; 0 otherwise. */
  wsAuthOversize: number;
  /** What waits for guards and hooks of the connection. */
  wsAuthHold: Hold | undefined;
}

/** Makes the class of such sockets from that of `ws`, or from one that the application derived from it. */
export function gatedWebSocket(base: typeof WebSocket = WebSocket): typeof WebSocket {
  const gated = class extends containedWebSocket(base) implements GatedWebSocket {
    wsAuthGate: Gate = noGate;
    wsAuthContext: AsyncResource | undefined = undefined;
    wsAuthAlive = true;
    wsAuthOversize = 0;
    wsAuthHold: Hold | undefined = undefined;

    override emit(event: string | symbol, ...args: unknown[]): boolean {
      try {
        if (!passes(this, event, args)) {
          return true;
        }
      } catch (error) {
        failClient(this, 'a message', error);
        return true;
      }
      const { wsAuthContext } = this;
      return wsAuthContext
        ? wsAuthContext.runInAsyncScope(() => super.emit(event, ...args))
        : super.emit(event, ...args);
    }

    override pause(): void {
      if (this.wsAuthHold) {
        this.wsAuthHold.isPaused = true;
      } else {
        super.pause();
      }
    }

    /** A paused client cannot answer pings, so its liveness counts anew. */
    override resume(): void {
      if (this.wsAuthHold) {
        this.wsAuthHold.isPaused = false;
        return;
      }
      if (this.isPaused) {
        this.wsAuthAlive = true;
      }
      super.resume();
      deliverResumed(this);
    }

    override ping(...args: Parameters<WebSocket['ping']>): void {
      if (this.wsAuthGate === closedGate) {
        fail(args);
      } else {
        super.ping(...args);
      }
    }

    override pong(...args: Parameters<WebSocket['pong']>): void {
      if (this.wsAuthGate === closedGate) {
        fail(args);
      } else {
        super.pong(...args);
      }
    }

    override send(data: SendData, callback?: SendCallback): void;
    override send(data: SendData, options: SendOptions, callback?: SendCallback): void;
    override send(
      data: SendData,
      optionsOrCallback: SendOptions | SendCallback = noOptions,
      callback?: SendCallback,
    ): void {
      const { wsAuthGate: gate } = this;
      if (!gate.sends) {
        fail([optionsOrCallback, callback]);
        return;
      }
      const isCallback = typeof optionsOrCallback === 'function';
      const done = isCallback ? optionsOrCallback : callback;
      const reported = done && failingWhenTerminated(this, done);
      super.send(data, isCallback ? noOptions : optionsOrCallback, reported);
      if (this.bufferedAmount > gate.maxBufferedBytes) {
        boundBacklog(this, data, gate.maxBufferedBytes);
      } else if (this.wsAuthOversize !== 0) {
        this.wsAuthOversize = 0;
      }
    }
  };
  return Object.defineProperty(gated, 'name', { value: base.name });
}

/** Whether listeners receive an event now. */
function passes(client: GatedWebSocket, event: string | symbol, args: readonly unknown[]): boolean {
  if (client.wsAuthHold && keeps(client, client.wsAuthHold, event, args)) {
    return false;
  }
  if (event === 'message') {
    client.wsAuthAlive = true;
    if (client.isPaused) {
      deliverHeld(client);
    }
    return client.wsAuthGate.admits(client, args[0] as RawData, args[1] as boolean);
  }
  if (event === 'pong') {
    client.wsAuthAlive = true;
  } else if (event === 'close') {
    deliverHeld(client);
    return !client.wsAuthGate.keepsClose?.(client, args);
  } else if (
    event === 'exception' &&
    !client.wsAuthGate.isPublic &&
    client.listenerCount(event) === 0
  ) {
    // Nest 11 emits what its exception filter returns, where Nest 12 sends it to the client.
    client.send(eventMessage(event, args[0]));
  }
  return true;
}

/** Calls the callback among the arguments of a method with an error, as `ws` does once a socket is closing. */
function fail(args: readonly unknown[]): void {
  const done = args.find((each) => typeof each === 'function');
  if (done) {
    process.nextTick(done, new Error('the session has ended'));
  }
}

type SendData = Parameters<WebSocket['send']>[0];
type SendOptions = Parameters<WebSocket['send']>[1];
type SendCallback = (error?: Error) => void;

const noOptions: SendOptions = Object.freeze({});
