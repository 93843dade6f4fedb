import { pingMessage, type WsAuthEventNames } from '../protocol/message.js';
import { Timer } from './timer.js';

/** How a {@link Pulse} asks, and how long it waits. */
export interface PulseOptions {
  readonly events: WsAuthEventNames;
  /** Silence after which it asks; `Infinity` asks only on request, and 0 never. */
  readonly heartbeatMs: number;
  /** Time for the answer. */
  readonly timeoutMs: number;
}

/** Finds a connection whose other end is gone: neither side of a half-open connection is notified. */
export class Pulse {
  /** What is sent, and what the server answers. */
  readonly ping: string;
  readonly #timer = new Timer();
  #isAsking = false;

  /**
   * @param send sends the ping
   * @param onSilence called if no answer arrives in time
   */
  constructor(
    private readonly options: PulseOptions,
    private readonly send: (ping: string) => unknown,
    private readonly onSilence: () => void,
  ) {
    this.ping = pingMessage(options.events);
  }

  /** Takes note of a sign of life. Everything that arrives is one. */
  beat(): void {
    this.#isAsking = false;
    this.#timer.start(this.options.heartbeatMs || Infinity, () => this.probe());
  }

  /** Asks, unless an answer is outstanding. */
  probe(): void {
    if (this.options.heartbeatMs && !this.#isAsking) {
      this.#isAsking = true;
      this.#timer.start(this.options.timeoutMs, this.onSilence);
      this.send(this.ping);
    }
  }

  stop(): void {
    this.#timer.stop();
  }
}
