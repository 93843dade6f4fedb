import { WsAuthEvents, type WsAuthEventMap } from '../../events/ws-auth-events.js';
import type { WsAuthModuleOptions } from '../../policy/options.js';
import type { WsAuthSession } from '../../sessions/session.js';
import { WsAuthSessions } from '../../sessions/ws-auth-sessions.service.js';
import { ConformanceGateway } from './conformance-gateway.js';
import { ConformanceStrategy } from './conformance-strategy.js';
import type {
  ConformanceClient,
  ConformanceCredential,
  OpenTransport,
  RunningTransport,
} from './transport-under-test.js';
import { Waiting } from './waiting.js';

const eventNames = [
  'authenticating',
  'authenticated',
  'refused',
  'reauthenticated',
  'expiring',
  'expired',
  'revoked',
  'disconnected',
] as const satisfies readonly (keyof WsAuthEventMap)[];

/** An event of an application under test. */
export interface PublishedEvent {
  readonly name: keyof WsAuthEventMap;
  readonly payload: object;
}

/** One application under test, and what its gateway and its listeners have seen. */
export class TransportNode {
  readonly events: PublishedEvent[] = [];
  readonly clients: ConformanceClient[] = [];
  #isClosed = false;

  constructor(
    private readonly running: RunningTransport,
    private readonly waiting: Waiting,
    readonly gateway: ConformanceGateway,
  ) {
    const events = running.app.get(WsAuthEvents, { strict: false });
    for (const name of eventNames) {
      events.on(name, (payload) => this.events.push({ name, payload }));
    }
  }

  get sessions(): WsAuthSessions {
    return this.running.app.get(WsAuthSessions, { strict: false });
  }

  /** The texts that handlers have received, in order. */
  get handled(): readonly string[] {
    return this.gateway.texts.map(({ text }) => text);
  }

  connect(credential: ConformanceCredential): ConformanceClient {
    const client = this.running.connect(credential);
    this.clients.push(client);
    return client;
  }

  /** A client with a session, and the session. */
  async enter(
    token: string,
    carrier: 'handshake' | 'message' = 'message',
  ): Promise<{ readonly client: ConformanceClient; readonly session: WsAuthSession }> {
    const known = new Set([...this.sessions].map(({ id }) => id));
    const isNew = ({ id }: WsAuthSession) => !known.has(id);
    const client = this.connect({ in: carrier, token });
    await this.waiting.until('a session', () => [...this.sessions].some(isNew));
    // What the client sends now is handled after everything that opens the connection.
    client.send('entered');
    await this.waiting.until('the first text', () => client.received.includes('echo entered'));
    return { client, session: [...this.sessions].find(isNew)! };
  }

  /** Why a client was refused, or its connection ended. */
  async reasonOf(client: ConformanceClient): Promise<string> {
    const { reason } = await this.waiting.within('the end of the connection', client.ended());
    return reason;
  }

  broadcast(text: string): void {
    this.running.broadcast(text);
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      await this.waiting.within('the end of the application', this.running.close());
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.clients.map((client) => client[Symbol.asyncDispose]()));
    await this.close();
  }
}

/** Where one case plays: the strategy that all its applications share, and the applications that it has started. */
export class TransportStage implements AsyncDisposable {
  readonly strategy = new ConformanceStrategy();
  readonly waiting: Waiting;
  readonly #nodes: TransportNode[] = [];

  constructor(
    private readonly open: OpenTransport,
    timeoutMs: number,
  ) {
    this.waiting = new Waiting(timeoutMs);
  }

  /** Starts an application. */
  async start(options: WsAuthModuleOptions = {}): Promise<TransportNode> {
    const gateway = new ConformanceGateway();
    const providers = [{ provide: 'conformance strategy', useValue: this.strategy }];
    const running = await this.open({
      options: { strategy: this.strategy.name, ...options },
      providers,
      gateway,
    });
    const node = new TransportNode(running, this.waiting, gateway);
    this.#nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.dispose()));
    this.waiting.stop();
  }
}
