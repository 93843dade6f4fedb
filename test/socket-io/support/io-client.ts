import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { patient } from '../../support/patience.js';

/** What an official client has met, in order. */
export interface IoRecord {
  readonly event: string;
  readonly args: readonly unknown[];
}

/** `data` of a `connect_error`, and of `ended`. */
export interface Reason {
  readonly code: number;
  readonly reason: string;
  readonly error?: string;
}

/** Why a client was refused. */
export interface Refused {
  readonly message: string;
  readonly data?: Reason;
  /** Of a refusal by HTTP in polling: its status. */
  readonly description?: unknown;
}

/** The official client with a queue, so that no event is missed. */
export class IoClient implements Disposable {
  readonly socket: Socket;
  readonly #records: IoRecord[] = [];
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.onAny((event: string, ...args: unknown[]) => this.#add(event, args));
    for (const event of ['connect', 'connect_error', 'disconnect'] as const) {
      socket.on(event, (...args: unknown[]) => this.#add(event, args));
    }
  }

  /** Everything that has come and was not asked for. */
  get records(): readonly IoRecord[] {
    return this.#records;
  }

  async next(event: string): Promise<readonly unknown[]> {
    const deadline = Date.now() + patient(10_000);
    for (;;) {
      const index = this.#records.findIndex((each) => each.event === event);
      if (index !== -1) {
        return this.#records.splice(index, 1)[0]!.args;
      }
      if (Date.now() > deadline) {
        throw new Error(`no "${event}"; there was ${JSON.stringify(this.#records)}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 100).unref();
      });
    }
  }

  async connected(): Promise<this> {
    await this.next('connect');
    return this;
  }

  async refused(): Promise<Refused> {
    const [error] = await this.next('connect_error');
    const { message, data, description } = error as Refused;
    return { message, ...(data && { data }), ...(description !== undefined && { description }) };
  }

  async ended(): Promise<Reason> {
    const [reason] = await this.next('ended');
    return reason as Reason;
  }

  async disconnected(): Promise<string> {
    const [reason] = await this.next('disconnect');
    return String(reason);
  }

  /** Sends an event and awaits its acknowledgement. */
  ask(event: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.socket.timeout(patient(10_000)).emitWithAck(event, ...args) as Promise<unknown>;
  }

  [Symbol.dispose](): void {
    this.socket.disconnect();
    this.socket.io.engine.close();
  }

  #add(event: string, args: readonly unknown[]): void {
    this.#records.push({ event, args });
    this.#wake();
  }
}

export type IoClientOptions = Partial<ManagerOptions & SocketOptions>;

export function openIo(url: string, options: IoClientOptions = {}): IoClient {
  return new IoClient(io(url, { forceNew: true, reconnection: false, ...options }));
}
