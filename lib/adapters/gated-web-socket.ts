import type { AsyncResource } from 'node:async_hooks';
import { WebSocket, type RawData } from 'ws';
import { eventMessage } from '../protocol/message.js';

/** Stands between a socket and everyone who listens to its messages, or sends. */
export interface Gate {
  /** Whether listeners may see a message now. A gate that says no has dealt with it. */
  admits(client: GatedWebSocket, data: RawData, isBinary: boolean): boolean;
  /** Whether code that holds the client may send now. */
  readonly sends: boolean;
  /** Bytes that may wait to be sent. */
  readonly maxBufferedBytes: number;
}

/** Until a gate is set, which is before the first byte is read. */
const noGate: Gate = {
  admits: () => true,
  sends: true,
  maxBufferedBytes: Number.POSITIVE_INFINITY,
};

/** A dead socket: nothing gets in, and nothing but the close frame gets out. */
export const closedGate: Gate = { admits: () => false, sends: false, maxBufferedBytes: 0 };

/**
 * A WebSocket that asks its gate before it emits a message, so that neither Nest nor a listener of the application can be
 * reached by a peer that is not authenticated, or not any more.
 */
export interface GatedWebSocket extends WebSocket {
  wsAuthGate: Gate;
  /** What `AsyncLocalStorage` holds for listeners; the socket itself knows only the context of its TCP connection. */
  wsAuthContext: AsyncResource | undefined;
  /** Whether the peer has shown life since the last ping. */
  wsAuthAlive: boolean;
  /** Code of our close frame, if there was none of the peer before it. */
  wsAuthClosedWith: number | undefined;
}

/** Makes the class of such sockets from that of `ws`, or from one that the application derived from it. */
export function gatedWebSocket(base: typeof WebSocket = WebSocket): typeof WebSocket {
  return class extends base implements GatedWebSocket {
    wsAuthGate: Gate = noGate;
    wsAuthContext: AsyncResource | undefined = undefined;
    wsAuthAlive = true;
    wsAuthClosedWith: number | undefined = undefined;

    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (event === 'message') {
        this.wsAuthAlive = true;
        if (!this.wsAuthGate.admits(this, args[0] as RawData, args[1] as boolean)) {
          return true;
        }
      } else if (event === 'pong') {
        this.wsAuthAlive = true;
      } else if (event === 'exception' && this.listenerCount(event) === 0) {
        // Nest 11 emits what its exception filter says where Nest 12 sends it, so that the client never hears of it.
        this.send(eventMessage(event, args[0]));
      }
      const { wsAuthContext } = this;
      return wsAuthContext
        ? wsAuthContext.runInAsyncScope(() => super.emit(event, ...args))
        : super.emit(event, ...args);
    }

    override ping(...args: Parameters<WebSocket['ping']>): void {
      if (this.wsAuthGate !== closedGate) {
        super.ping(...args);
      }
    }

    override pong(...args: Parameters<WebSocket['pong']>): void {
      if (this.wsAuthGate !== closedGate) {
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
      const isCallback = typeof optionsOrCallback === 'function';
      const done = isCallback ? optionsOrCallback : callback;
      if (!gate.sends) {
        if (done) {
          process.nextTick(done, new Error('the session has ended'));
        }
        return;
      }
      super.send(data, isCallback ? noOptions : optionsOrCallback, done);
      if (this.bufferedAmount > gate.maxBufferedBytes) {
        this.terminate();
      }
    }
  };
}

type SendData = Parameters<WebSocket['send']>[0];
type SendOptions = Parameters<WebSocket['send']>[1];
type SendCallback = (error?: Error) => void;

const noOptions: SendOptions = Object.freeze({});
