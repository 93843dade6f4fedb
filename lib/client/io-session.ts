import { closeActionOf } from '../protocol/close-code.js';
import type { WsAuthEventNames } from '../protocol/message.js';
import { settleContract } from './contract-options.js';
import { leaveInOrder } from './io-departure.js';
import type { AuthenticateOptions, IoSocketLike } from './io-options.js';
import { codeOfStatus, reasonIn, type Reason } from './io-refusal.js';
import { nextStep, type End, type History, type Patience } from './next-step.js';
import { minAnnouncedMs } from './session-clock.js';
import { drainingIn, endIn } from './session-message.js';
import { missing, settleOptions } from './settle-options.js';
import { Timer } from './timer.js';
import { askForToken, type Token } from './token-source.js';

type Listener = (...args: unknown[]) => void;

/** A client of which any event may be sent and received. */
interface UntypedSocket extends IoSocketLike {
  /** Its `Manager`, in every version that is supported. */
  readonly io?: unknown;
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  emit(event: string, ...args: unknown[]): unknown;
}

const defaults: Required<AuthenticateOptions> = {
  token: missing,
  onUnauthenticated: () => {},
  events: {},
  closeActions: {},
};

/**
 * Keeps a client of `socket.io-client` authenticated: it presents a token with each CONNECT packet, renews the session when it is
 * about to expire, and comes back with a new token after the session has ended. A refusal ends it instead of being tried for ever.
 *
 * Call it right after `io()`, before the client has connected.
 *
 * @returns a function that ends all this, and leaves the client as it is
 * @throws {TypeError} for an option that is unknown, missing or of another type.
 *
 * @example
 * ```ts
 * const socket = io('https://api.example.com');
 * authenticate(socket, {
 *   token: async () => (await fetch('/token', { method: 'POST' })).text(),
 *   onUnauthenticated: () => location.assign('/login'),
 * });
 * ```
 * @publicApi
 */
export function authenticate(socket: IoSocketLike, options: AuthenticateOptions): () => void {
  const settled = settleOptions(defaults, options);
  return new IoSession(socket, { ...settled, events: settleContract(settled) }).start();
}

/** The delays of `socket.io-client`, and no bound on failures: an unreachable server is tried for as long as the page lives. */
const patience: Patience = { backOffMs: 1_000, maxBackOffMs: 30_000, maxFailures: Infinity };

const nothing: History = { failures: 0, refused: false };

/** Follows one client. */
class IoSession {
  readonly #timer = new Timer();
  readonly #listeners: readonly (readonly [string, Listener])[];
  #history = nothing;
  #connectedAt: number | undefined;
  #expiresAt: number | undefined;
  #renewedAt = 0;
  #ended: Reason | undefined;
  #token: Token;
  #stopped = false;

  constructor(
    private readonly socket: UntypedSocket,
    private readonly options: Required<AuthenticateOptions> & { readonly events: WsAuthEventNames },
  ) {
    const { authenticated, expiring, draining, ended } = options.events;
    this.#listeners = [
      ['connect', () => this.#connected()],
      ['connect_error', (error) => this.#refused(error as Error)],
      ['disconnect', (reason) => this.#disconnected(reason)],
      [authenticated, (data) => this.#expires(data)],
      [expiring, (data) => this.#expires(data) && this.#renew()],
      [draining, (data) => drainingIn(data) && leaveInOrder(this.socket.io)],
      [ended, (data) => (this.#ended = reasonIn(data))],
    ];
  }

  start(): () => void {
    const { socket } = this;
    const before = socket.auth;
    socket.auth = (done) => this.#present(before, done);
    this.#listeners.forEach(([event, listener]) => socket.on(event, listener));
    return () => {
      this.#stop();
      socket.auth = before;
    };
  }

  #stop(): void {
    this.#stopped = true;
    this.#timer.stop();
    this.#listeners.forEach(([event, listener]) => this.socket.off(event, listener));
  }

  /** Adds the token to what the application sends with each CONNECT packet. */
  #present(before: IoSocketLike['auth'], done: (data: object) => void): void {
    const present = async (fields: object) => {
      const token = await this.#ask();
      if (token !== undefined && !this.#stopped) {
        done({ ...fields, token });
      }
    };
    if (typeof before === 'function') {
      before((fields) => void present(fields));
    } else {
      void present(before);
    }
  }

  /** A token, or `undefined` when the client has to wait, has given up, or was disconnected by the application meanwhile. */
  async #ask(): Promise<string | undefined> {
    let end: Partial<End> = { unauthenticated: true };
    try {
      this.#token = await askForToken(this.options.token, this.#history.refused);
    } catch (cause) {
      this.#token = undefined;
      end = { action: 'backOff', cause };
    }
    if (!this.socket.active) {
      return undefined;
    }
    if (!this.#token) {
      this.#leave('no token', end);
    }
    return this.#token || undefined;
  }

  #leave(reason: string, end: Partial<End>): void {
    this.socket.disconnect();
    this.#follow({ ...this.#end(1006, reason), ...end });
  }

  #connected(): void {
    // The application may have connected it before its time. If it disconnects it then, it stays disconnected.
    this.#timer.stop();
    this.#connectedAt = Date.now();
    this.#ended = undefined;
    this.#history = { ...this.#history, refused: false };
  }

  /** Notes the end of the session. Returns whether it was one: the application may have events of the same names. */
  #expires(data: unknown): boolean {
    const end = endIn(data);
    if (end !== undefined) {
      this.#expiresAt = end ?? undefined;
    }
    return end !== undefined;
  }

  /** Not in a row, whatever the server announces: the server ends a session that renews too often. */
  #renew(): void {
    if (Date.now() - this.#renewedAt < minAnnouncedMs) {
      return;
    }
    this.#renewedAt = Date.now();
    // If the token function rejects, the session goes on until its end, and the client asks again then.
    askForToken(this.options.token, false).then(
      (token) => this.#renewWith(token),
      () => undefined,
    );
  }

  #renewWith(token: Token): void {
    if (!this.socket.connected || this.#stopped) {
      return;
    }
    if (token) {
      this.#token = token;
      this.socket.emit(this.options.events.authenticate, { token });
    } else {
      this.#leave('no user', { unauthenticated: true });
    }
  }

  /** Socket.IO itself comes back where it was the network, or the server that restarts. */
  #disconnected(reason: unknown): void {
    if (reason === 'io server disconnect') {
      const { code, reason: text } = this.#ended ?? { code: 1008, reason: '' };
      this.#follow(this.#end(code, text));
    }
    this.#connectedAt = undefined;
    this.#expiresAt = undefined;
  }

  #refused(error: Error): void {
    const { data, description } = error as {
      readonly data?: unknown;
      readonly description?: unknown;
    };
    const refusal = reasonIn(data);
    const code = codeOfStatus[Number(description)];
    if (refusal) {
      this.#follow(this.#end(refusal.code, refusal.reason));
    } else if (code !== undefined) {
      this.socket.disconnect();
      this.#follow(this.#end(code, `refused with ${String(description)}`));
    } else if (!this.socket.active) {
      this.#follow(this.#end(1008, error.message));
    }
  }

  #end(code: number, reason: string): End {
    const since = this.#connectedAt;
    return {
      code,
      reason,
      wasClean: true,
      action: closeActionOf(code, this.options.closeActions),
      accepted: since !== undefined,
      expired: this.#expiresAt !== undefined && Date.now() >= this.#expiresAt,
      openMs: since === undefined ? 0 : Date.now() - since,
      token: this.#token,
    };
  }

  /** Connects again as the end demands, or gives up. */
  #follow(end: End): void {
    if (this.#stopped) {
      return;
    }
    const next = nextStep(end, this.#history, patience);
    if (next.again) {
      this.#history = next.history;
      this.#timer.start(next.delayMs, () => this.socket.connect());
      return;
    }
    this.#stop();
    if (next.unauthenticated) {
      this.options.onUnauthenticated();
    }
  }
}
