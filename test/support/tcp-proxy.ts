import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What stands between a node and its store, so that a test can cut one node off and leave the others alone. */
export class TcpProxy implements AsyncDisposable {
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #stranded = new WeakSet<Socket>();
  #refuses = false;
  /** Time in milliseconds for which each chunk is on its way, as to a store in another place. */
  delayMs = 0;
  /** Connections that were accepted so far. */
  accepted = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (socket) => this.#join(socket));
  }

  static async to(target: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: false }).listen(0, '127.0.0.1');
    const proxy = new TcpProxy(server, target);
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends all connections, and every new one. */
  cut(): void {
    this.#refuses = true;
    this.drop();
  }

  mend(): void {
    this.#refuses = false;
  }

  /** Ends all connections; new ones are fine. */
  drop(): void {
    this.#pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
  }

  /**
   * Passes nothing on any more on the connections after the first, and notifies neither side: what a firewall does to those
   * that it has forgotten. New connections are fine.
   */
  strandAllButFirst(): void {
    [...this.#pairs].slice(1).forEach((pair) => pair.forEach((each) => this.#stranded.add(each)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await once(this.server.close(), 'close');
  }

  #join(near: Socket): void {
    this.accepted += 1;
    if (this.#refuses) {
      near.destroy();
      return;
    }
    const far = connect(this.target, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    this.#pass(near, far);
    this.#pass(far, near);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        pair.forEach((each) => each.destroy());
      });
    }
  }

  #pass(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (this.#stranded.has(from)) {
        return;
      }
      if (this.delayMs > 0) {
        setTimeout(() => to.writable && to.write(chunk), this.delayMs);
      } else {
        to.write(chunk);
      }
    });
  }
}
