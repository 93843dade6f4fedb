import { WebSocket, type RawData } from 'ws';

/** Stands between a socket and everyone who listens to its messages. */
export interface Gate {
  /** Whether listeners may see a message now. A gate that says no has dealt with it. */
  admits(client: GatedWebSocket, data: RawData, isBinary: boolean): boolean;
  /** Whether code that holds the client may send. */
  readonly sends: boolean;
}

/** A session: messages pass while the socket is open. `ws` itself delivers them after `close()`, too. */
export const openGate: Gate = {
  admits: (client) => client.readyState === WebSocket.OPEN,
  sends: true,
};

/** A dead socket: nothing gets in, and nothing but the close frame gets out. */
export const closedGate: Gate = { admits: () => false, sends: false };

/**
 * A WebSocket that asks its gate before it emits a message, so that neither Nest nor a listener of the application can be
 * reached by a peer that is not authenticated, or not any more.
 */
export class GatedWebSocket extends WebSocket {
  gate: Gate = openGate;

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'message' && !this.gate.admits(this, args[0] as RawData, args[1] as boolean)) {
      return true;
    }
    return super.emit(event, ...args);
  }

  override send(data: SendData, callback?: SendCallback): void;
  override send(data: SendData, options: SendOptions, callback?: SendCallback): void;
  override send(
    data: SendData,
    optionsOrCallback: SendOptions | SendCallback = noOptions,
    callback?: SendCallback,
  ): void {
    const done = typeof optionsOrCallback === 'function' ? optionsOrCallback : callback;
    if (this.gate.sends) {
      super.send(
        data,
        typeof optionsOrCallback === 'function' ? noOptions : optionsOrCallback,
        done,
      );
    } else if (done) {
      process.nextTick(done, new Error('the session has ended'));
    }
  }
}

type SendData = Parameters<WebSocket['send']>[0];
type SendOptions = Parameters<WebSocket['send']>[1];
type SendCallback = (error?: Error) => void;

const noOptions: SendOptions = Object.freeze({});
