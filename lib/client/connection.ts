import { causeIn, refusedWith, statusIn } from './failure.js';
import type { End } from './next-step.js';
import type { Settings } from './options.js';
import { Timer } from './timer.js';
import type { SocketEvent, WebSocketLike } from './web-socket.js';

/** What a connection reports, until it is left. */
export interface ConnectionListener {
  opened(): void;
  received(data: unknown): void;
  lost(code: number, reason: string, more: Partial<End>): void;
}

const openState = 1;
/** Some failures fire `error` and no `close`. */
const closeGraceMs = 1_000;

/** One WebSocket, and what is known of its failure. */
export class Connection {
  readonly socket: WebSocketLike;
  readonly #grace = new Timer();
  #isLeft = false;
  #failure: Partial<SocketEvent> = {};

  /**
   * @param token empty if the way needs none to connect
   * @throws what the WebSocket throws, or the way
   */
  constructor(
    url: string,
    { via, WebSocket, protocols, binaryType }: Settings,
    token: string,
    private readonly listener: ConnectionListener,
  ) {
    const socket = new WebSocket(
      via.url?.(url, token) ?? url,
      via.protocols?.(protocols, token) ?? protocols,
    );
    this.socket = socket;
    if (binaryType) {
      socket.binaryType = binaryType;
    }
    this.#on('open', () => listener.opened());
    this.#on('message', ({ data }) => listener.received(data));
    this.#on('error', (event) => {
      this.#failure = event;
      this.#grace.start(closeGraceMs, () => this.#lost({}));
    });
    this.#on('close', (event) => this.#lost(event));
  }

  get isOpen(): boolean {
    return this.socket.readyState === openState;
  }

  /** Closes without a report. The listeners stay: `ws` would throw an error that is not listened to. */
  leave(): void {
    this.#isLeft = true;
    this.#grace.stop();
    this.socket.close();
  }

  #lost({ code = 1006, reason = '', wasClean = false }: Partial<SocketEvent>): void {
    const { message, error } = this.#failure;
    const status = statusIn(message);
    const [words, refusal] = status ? refusedWith(status) : [reason];
    this.listener.lost(code, words, { wasClean, cause: causeIn(error), ...refusal });
  }

  #on(type: string, listener: (event: SocketEvent) => void): void {
    this.socket.addEventListener(type, (event) => {
      if (!this.#isLeft) {
        listener(event);
      }
    });
  }
}
