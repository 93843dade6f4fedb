import type { IncomingMessage } from 'node:http';
import type { SessionLifecycle } from '../../adapters/session-lifecycle.js';
import { IoConnection } from '../../adapters/socket-io/io-connection.js';
import { eventMessage } from '../../protocol/message.js';
import type { Receive, SessionWire, SocketClosing } from '../wire.js';
import { challengesIn, readRefusedUpgrade, type RefusedUpgrade } from '../ws-refused.error.js';
import type { ClientSocket, ConnectError, Reason } from './client-types.js';

/** Names of the events that a server sends of itself. */
interface OwnEvents {
  readonly authenticated: string;
  readonly ended: string;
}

/** What a client of Socket.IO needs to be followed. */
export interface Opening {
  /** Not connected yet. */
  readonly socket: ClientSocket;
  readonly events: OwnEvents;
  /** Whether the server acknowledges a credential of the CONNECT packet. */
  readonly presents: boolean;
  /** The response to the last request. */
  readonly lastResponse: () => IncomingMessage | undefined;
}

/** Longest delay of a timer. */
const maxTimerMs = 2 ** 31 - 1;

/** In no application. A server answers to it in order, so it has read what came before. */
const barrierNamespace = '/nestjs-ws-auth.barrier';

/** The official client, whose events and endings are those of a native WebSocket. */
export class IoWire implements SessionWire<ClientSocket> {
  readonly socket: ClientSocket;
  readonly opened: Promise<void>;
  readonly refused: Promise<RefusedUpgrade>;
  readonly closed: Promise<SocketClosing>;
  failure: Error | undefined;
  isClosed = false;
  #awaitsAcknowledgement: boolean;
  readonly #acknowledged: Promise<void>;
  #acknowledge: () => void = () => undefined;
  #refuse: (response: RefusedUpgrade) => void = () => undefined;
  #close: (closing: SocketClosing) => void = () => undefined;
  #reason: Reason | undefined;

  constructor(
    private readonly opening: Opening,
    private readonly receive: Receive,
  ) {
    const { socket, presents } = opening;
    this.socket = socket;
    this.#awaitsAcknowledgement = presents;
    this.opened = new Promise((resolve) => socket.once('connect', () => resolve()));
    this.refused = new Promise((resolve) => (this.#refuse = resolve));
    this.closed = new Promise((resolve) => (this.#close = resolve));
    this.#acknowledged = new Promise((resolve) => (this.#acknowledge = resolve));
    socket.onAny((event, ...args) => this.#received(event, args));
    socket.on('connect_error', (error: ConnectError) => this.#failed(error));
    socket.once('disconnect', (reason: string) => this.#ended(reason));
    socket.connect();
    this.#followHandshake();
  }

  emit(event: string, data: unknown): void {
    this.socket.emit(event, ...argumentsOf(data));
  }

  ask(event: string, data: unknown): void {
    const answer = (...args: unknown[]) => this.#push(event, args);
    this.socket.emit(event, ...argumentsOf(data), answer);
  }

  sendRaw(data: string | Buffer): void {
    this.socket.io.engine.write(data);
  }

  async acknowledged(isDue: boolean): Promise<void> {
    if (isDue) {
      await this.#acknowledged;
    }
    this.#awaitsAcknowledgement = false;
  }

  /** Handlers start a little after their event was read, so the second answer counts. */
  async answered(): Promise<void> {
    await this.#trip();
    await this.#trip();
  }

  terminate(): void {
    this.socket.disconnect();
    this.socket.io.engine.close();
    this.#ended('closed by the test');
  }

  owns({ connection }: SessionLifecycle): boolean {
    const { id } = this.socket;
    return (
      id !== undefined &&
      [...connection.clients].some((client) => (client as { readonly id?: unknown }).id === id)
    );
  }

  /** The client has been given a longer patience at its handshake, and the server waits for answers to pings no more. */
  outliveHeartbeats({ connection }: SessionLifecycle): void {
    if (connection instanceof IoConnection) {
      Object.assign(connection.conn, { resetPingTimeout: ignore });
    }
  }

  #trip(): Promise<void> {
    if (!this.socket.connected) {
      return Promise.resolve();
    }
    const probe = this.socket.io.socket(barrierNamespace);
    return new Promise((resolve) => {
      const done = () => {
        probe.disconnect();
        resolve();
      };
      probe.once('connect', done);
      probe.once('connect_error', done);
      probe.connect();
    });
  }

  #followHandshake(): void {
    const { engine } = this.socket.io;
    engine.once('handshake', (data) => (data.pingTimeout = maxTimerMs / 2));
    // The official client hides the response to an upgrade.
    engine.transport.ws?.once('unexpected-response', (_request, response: IncomingMessage) => {
      readRefusedUpgrade(response)
        .then(this.#refuse)
        .finally(() => this.terminate())
        .catch(ignore);
    });
  }

  #received(event: string, args: readonly unknown[]): void {
    const { authenticated, ended } = this.opening.events;
    if (event === ended) {
      this.#reason = args[0] as Reason;
    } else if (event === authenticated && this.#awaitsAcknowledgement) {
      this.#awaitsAcknowledgement = false;
      this.#acknowledge();
    } else {
      this.#push(event, args);
    }
  }

  #push(event: string, args: readonly unknown[]): void {
    const message = { event, data: args.length > 1 ? args : args[0] };
    this.receive({ data: Buffer.from(eventMessage(event, message.data)), message });
  }

  #failed({ message, data, description, context }: ConnectError): void {
    const status = typeof description === 'number' ? description : 0;
    if (status >= 400) {
      this.#refuse(this.#responseOf(status, context?.responseText ?? ''));
    } else if (data?.code !== undefined) {
      this.#reason = { code: data.code, reason: data.reason ?? '' };
    } else {
      const cause = typeof description === 'object' ? description.error : undefined;
      this.failure = cause ?? new Error(message);
    }
    this.#ended(message);
  }

  #responseOf(status: number, body: string): RefusedUpgrade {
    const { headers = {}, rawHeaders = [] } = this.opening.lastResponse() ?? {};
    return { status, headers, challenges: challengesIn(rawHeaders), body };
  }

  #ended(why: string): void {
    this.isClosed = true;
    this.#close(this.#reason ?? { code: 1006, reason: why });
  }
}

function argumentsOf(data: unknown): readonly unknown[] {
  return data === undefined ? [] : [data];
}

function ignore(): void {}
