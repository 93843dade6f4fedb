import { inspect } from 'node:util';
import { WebSocket } from 'ws';
import {
  connect,
  type ConnectOptions,
  type WsAuthSocket,
  type WsAuthSocketEvent,
  type WsAuthSocketEvents,
} from '../../lib/client.js';

type Type = keyof WsAuthSocketEvents;

const types: readonly Type[] = [
  'connecting',
  'authenticating',
  'open',
  'session',
  'message',
  'waiting',
  'error',
  'close',
];

/** A socket whose events a test reads in order, so that it misses none. */
export class ObservedSocket implements AsyncDisposable {
  readonly socket: WsAuthSocket;
  /** Every event so far, as text. */
  readonly history: string[] = [];
  readonly #queues = new Map<Type, WsAuthSocketEvent[]>();
  readonly #waiting = new Map<Type, ((event: WsAuthSocketEvent) => void)[]>();
  readonly #stop = new AbortController();

  /** Connects with `ws` and little patience, unless the test asks for more. */
  constructor(url: string, options: ConnectOptions) {
    this.socket = connect(url, {
      WebSocket,
      heartbeatMs: Infinity, // time that is skipped leaves no time to answer
      backOffMs: 20,
      maxBackOffMs: 60,
      signal: this.#stop.signal,
      ...options,
    });
    for (const type of types) {
      this.socket.addEventListener(type, (event) => this.#hear(type, event));
    }
  }

  /** The next event of a type, in order. */
  next<T extends Type>(type: T): Promise<WsAuthSocketEvents[T]> {
    const [event] = this.#queues.get(type)?.splice(0, 1) ?? [];
    const heard = event
      ? Promise.resolve(event)
      : new Promise<WsAuthSocketEvent>((resolve) => this.#of(this.#waiting, type).push(resolve));
    return heard as Promise<WsAuthSocketEvents[T]>;
  }

  /** Event types so far, without messages. */
  get told(): string[] {
    return this.history.filter((type) => type !== 'message');
  }

  emit(event: string, data?: unknown): this {
    this.socket.send(JSON.stringify({ event, data }));
    return this;
  }

  /** The answer to a message, in Nest's format. */
  async ask(event: string, data?: unknown): Promise<unknown> {
    this.emit(event, data);
    const answer = await this.next('message');
    return (JSON.parse(String(answer.data)) as { readonly data: unknown }).data;
  }

  /** Everything that can be read of the socket and of its events. */
  readonly seen: string[] = [];

  /** Ends everything immediately. */
  close(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #hear(type: Type, event: WsAuthSocketEvent): void {
    this.history.push(type);
    this.seen.push(inspect(event, { depth: 1 }), inspect(Object.entries(event)));
    const [waiting] = this.#waiting.get(type)?.splice(0, 1) ?? [];
    if (waiting) {
      waiting(event);
    } else {
      this.#of(this.#queues, type).push(event);
    }
  }

  #of<Value>(map: Map<Type, Value[]>, type: Type): Value[] {
    const list = map.get(type) ?? [];
    map.set(type, list);
    return list;
  }
}
