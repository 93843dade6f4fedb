import { onAbort } from './on-abort.js';
import { ReadyStates } from './ready-states.js';
import type { WsAuthSocketEvents } from './socket-events.js';

type Type = keyof WsAuthSocketEvents;
type Listener = (event: never) => void;

interface Registration {
  readonly type: Type;
  readonly listener: Listener;
  readonly once: boolean | undefined;
}

/** Options of a listener, as for an `EventTarget`. */
export interface ListenerOptions {
  /** Whether the listener is removed when it is called. */
  readonly once?: boolean;
  /** Removes the listener when it aborts. */
  readonly signal?: AbortSignal;
}

/** The part of an `EventTarget` that a socket needs. React Native has none. */
export class SocketEventTarget extends ReadyStates {
  /** Called for each `open`. */
  onopen: ((event: WsAuthSocketEvents['open']) => void) | null = null;
  /** Called for each `message`. */
  onmessage: ((event: WsAuthSocketEvents['message']) => void) | null = null;
  /** Called for `error`. */
  onerror: ((event: WsAuthSocketEvents['error']) => void) | null = null;
  /** Called for `close`. */
  onclose: ((event: WsAuthSocketEvents['close']) => void) | null = null;

  /** Replaced when it changes, so that an event in progress goes on with what it began with. */
  #registrations: readonly Registration[] = [];

  /** As of an `EventTarget`. */
  addEventListener<T extends Type>(
    type: T,
    listener: (event: WsAuthSocketEvents[T]) => void,
    options?: boolean | ListenerOptions,
  ): void {
    const { once, signal } = Object(options) as ListenerOptions;
    if (signal?.aborted || this.#without(type, listener).length < this.#registrations.length) {
      return;
    }
    this.#registrations = [...this.#registrations, { type, listener, once }];
    if (signal) {
      onAbort(signal, () => this.removeEventListener(type, listener));
    }
  }

  /** As of an `EventTarget`. */
  removeEventListener<T extends Type>(
    type: T,
    listener: (event: WsAuthSocketEvents[T]) => void,
  ): void {
    this.#registrations = this.#without(type, listener);
  }

  /** Calls the listeners. One that throws stops neither the others nor the socket. */
  protected emit(type: Type, details?: object): void {
    const event = { ...details, type, target: this } as never;
    const property = (this as unknown as Partial<Record<string, Listener | null>>)[`on${type}`];
    const called = this.#registrations.filter((each) => each.type === type);
    if (property) {
      this.#call(property, event);
    }
    for (const registration of called) {
      const { listener, once } = registration;
      if (this.#registrations.includes(registration)) {
        if (once) {
          this.#registrations = this.#without(type, listener);
        }
        this.#call(listener, event);
      }
    }
  }

  #call(listener: Listener, event: never): void {
    try {
      listener.call(this, event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #without(type: Type, listener: Listener): readonly Registration[] {
    return this.#registrations.filter((each) => each.type !== type || each.listener !== listener);
  }
}
