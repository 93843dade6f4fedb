import { WebSocket } from 'ws';
import { shareOfSmallest } from '../waiting-message-bytes.js';
import { boundBacklog, failingWhenTerminated } from './backlog.js';
import { containedWebSocket } from './contained-web-socket.js';
import { closedGate, type Gate } from './gate.js';

/**
 * Makes a class of sockets that ask their gate before they send, and whose backlog is bounded.
 *
 * @param initial the gate until another one is set, which is before the first byte is read
 */
export function gatedSends(base: typeof WebSocket, initial: Gate): typeof WebSocket {
  return class extends containedWebSocket(base) {
    wsAuthGate: Gate = initial;
    wsAuthOversize = 0;

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
      if (this.bufferedAmount > gate.maxBufferedBytes * shareOfSmallest) {
        boundBacklog(this, data, gate);
      } else if (this.wsAuthOversize !== 0) {
        this.wsAuthOversize = 0;
      }
    }
  };
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
