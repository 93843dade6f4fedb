import { onAbort } from './on-abort.js';
import { ReadyStates } from './ready-states.js';
import type { WsAuthSocketEvents } from './socket-events.js';

type Type = keyof WsAuthSocketEvents;
type Listener = (event: never) => void;

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

  /** For each type, the listeners in their order, and whether each is called only once. */
  readonly #listeners = Object.create(null) as Partial<Record<Type, Map<Listener, unknown>>>;

  /** As of an `EventTarget`. */
  addEventListener<T extends Type>(
    type: T,
    listener: (event: WsAuthSocketEvents[T]) => void,
    options?: boolean | ListenerOptions,
  ): void {
    const { once, signal } = Object(options) as ListenerOptions;
    const listeners = this.#of(type);
    if (!signal?.aborted && !listeners.has(listener)) {
      listeners.set(listener, once);
      if (signal) {
        onAbort(signal, () => listeners.delete(listener));
      }
    }
  }

  /** As of an `EventTarget`. */
  removeEventListener<T extends Type>(
    type: T,
    listener: (event: WsAuthSocketEvents[T]) => void,
  ): void {
    this.#of(type).delete(listener);
  }

  /** Calls the listeners. One that throws stops neither the others nor the socket. */
  protected emit(type: Type, details?: object): void {
    const event = { ...details, type, target: this } as never;
    const property = (this as unknown as Partial<Record<string, Listener | null>>)[`on${type}`];
    const listeners = this.#of(type);
    // A copy: a listener that is added meanwhile is called from the next event on.
    const called = [...listeners];
    if (property) {
      this.#call(property, event);
    }
    for (const [listener, once] of called) {
      if (listeners.has(listener)) {
        if (once) {
          listeners.delete(listener);
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

  #of(type: Type): Map<Listener, unknown> {
    return (this.#listeners[type] ??= new Map());
  }
}
