import { createClient, type Client, type ClientOptions, type ExecutionResult } from 'graphql-ws';
import { WebSocket, type ClientOptions as WsOptions } from 'ws';
import { withWatchdog } from '../support/raw-peer.js';
import type { TestApp } from '../support/app.js';

/** How a connection of the official client has ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** The official client, and what became of its connection. */
export class Subscriber implements AsyncDisposable {
  readonly client: Client;
  readonly values: unknown[] = [];
  readonly pings: unknown[] = [];
  readonly acks: unknown[] = [];
  readonly closes: Closed[] = [];
  readonly errors: unknown[] = [];
  socket: WebSocket | undefined;

  constructor(
    app: TestApp,
    options: Partial<ClientOptions> = {},
    upgrade: WsOptions = {},
    path = '/graphql',
  ) {
    this.client = createClient({
      url: app.url(path),
      retryAttempts: 0,
      ...options,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string | string[]) {
          super(url, protocols, upgrade);
        }
      },
      on: {
        ...options.on,
        opened: (socket) => (this.socket = socket as WebSocket),
        connected: (_socket, payload) => this.acks.push(payload),
        ping: (received, payload) => received && this.pings.push(payload),
        closed: (event) => {
          const { code, reason } = event as Closed;
          this.closes.push({ code, reason });
        },
      },
    });
  }

  /** Subscribes to everything; resolves when the subscription has ended, to what ended it. */
  subscribe(query = 'subscription { latest }'): Promise<unknown> {
    return new Promise((resolve) => {
      this.client.subscribe(
        { query },
        {
          next: ({ data, errors }) => {
            if (errors) {
              this.errors.push(...errors);
            }
            this.values.push(data && Object.values(data)[0]);
          },
          error: resolve,
          complete: () => resolve(undefined),
        },
      );
    });
  }

  async query(query: string): Promise<ExecutionResult> {
    for await (const result of this.client.iterate({ query })) {
      return result as ExecutionResult;
    }
    throw new Error('no result');
  }

  /** How the connection was closed. */
  async closed(): Promise<Closed> {
    const ended = this.subscribe();
    return withWatchdog(ended, 'the subscription did not end') as Promise<Closed>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It rejects with the refusal of an attempt that is under way.
    await Promise.resolve(this.client.dispose()).catch(() => undefined);
    this.socket?.terminate();
  }
}
