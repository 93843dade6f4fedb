import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { connect, type WsAuthSocket } from '../../../lib/client.js';
import { freePort } from '../../support/app.js';
import { startBalancer, type balancers } from '../../support/balancers.js';
import { patient } from '../../support/patience.js';
import { tokenOf } from '../../support/tokens.js';
import { turns } from '../../support/turns.js';
import { eventually } from '../eventually.js';
import { NodeProcess } from '../processes/node-process.js';
import { isLong, type Stage } from './fault.js';

/** How large the restart is. */
export interface Scale {
  readonly clients: number;
  readonly drainMs: number;
}

/** What a client may take to be open again after a node is up. */
export const boundMs = patient(isLong ? 6_000 : 20_000);

/** Clients of this package that send a message every two seconds, and count the answers. */
class Crowd implements AsyncDisposable {
  readonly #sockets: WsAuthSocket[];
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  sent = 0;
  answered = 0;
  givenUp = 0;

  constructor(port: number, size: number) {
    this.#sockets = Array.from({ length: size }, (_, index) => {
      // Several addresses, as clients have.
      const localAddress = `127.0.${1 + (index % 200)}.1`;
      const socket = connect(`ws://127.0.0.1:${port}/`, {
        token: () => tokenOf(`user ${index}`),
        WebSocket: class extends WebSocket {
          constructor(url: string, protocols?: string | string[]) {
            super(url, protocols, { localAddress });
          }
        },
      });
      socket.addEventListener('message', () => (this.answered += 1));
      socket.addEventListener('close', () => (this.givenUp += 1));
      return socket;
    });
    this.#timer = setInterval(() => this.#send(), 100);
  }

  get isOpen(): boolean {
    return this.open === this.#sockets.length;
  }

  get open(): number {
    return this.#sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  }

  /** Sends nothing more. */
  rest(): void {
    clearInterval(this.#timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rest();
    this.#sockets.forEach((socket) => socket.close());
  }

  /** A twentieth of the clients sends. */
  #send(): void {
    this.#turn = (this.#turn + 1) % 20;
    for (let index = this.#turn; index < this.#sockets.length; index += 20) {
      const socket = this.#sockets[index]!;
      if (socket.readyState === WebSocket.OPEN) {
        this.sent += 1;
        socket.send(JSON.stringify({ event: 'echo', data: this.sent }));
      }
    }
  }
}

export interface Restarts {
  /** How long after each node is up all clients are open, in milliseconds. */
  readonly waits: readonly number[];
  /** Most sessions that began within one second on a node while another one restarted. */
  readonly peak: number;
}

const takePeaks = (nodes: readonly NodeProcess[]) =>
  Promise.all(nodes.map((node) => node.ask('takePeak')));

/** Nodes behind a balancer, and their clients. */
export class Site {
  private constructor(
    readonly nodes: NodeProcess[],
    readonly crowd: Crowd,
    private readonly drainMs: number,
    private readonly start: (index: number) => Promise<NodeProcess>,
  ) {}

  static async start(stage: Stage, balancer: keyof typeof balancers, scale: Scale): Promise<Site> {
    const { url } = await stage.redis();
    const ports = [await freePort(), await freePort(), await freePort()];
    const redis = { keyPrefix: randomUUID(), commandTimeoutMs: patient(2_000) };
    const { clients, drainMs } = scale;
    const settings = { url, redis, presence: true, trustProxy: 'loopback', drainMs };
    const start = async (index: number) =>
      stage.keep(await NodeProcess.start({ ...settings, port: ports[index]! }));
    const nodes = await Promise.all(ports.map((_, index) => start(index)));
    const { port } = stage.keep(await startBalancer(balancer, ports));
    const crowd = stage.keep(new Crowd(port, clients));
    await eventually(() => crowd.isOpen, 'all clients are open', 20 * boundMs);
    return new Site(nodes, crowd, drainMs, start);
  }

  /** Restarts one node after the other. */
  async restart(restarted: readonly number[] = [0, 1, 2]): Promise<Restarts> {
    const { nodes, crowd } = this;
    const waits: number[] = [];
    let peak = 0;
    for (const index of restarted) {
      const node = nodes[index]!;
      const others = nodes.filter((each) => each !== node);
      await takePeaks(others);
      await node.terminate(this.drainMs);
      nodes[index] = await this.start(index);
      const upAt = performance.now();
      await eventually(() => crowd.isOpen, 'all clients are open', 10 * boundMs);
      waits.push(Math.round(performance.now() - upAt));
      peak = Math.max(peak, ...(await takePeaks(others)));
    }
    return { waits, peak };
  }

  counts(): Promise<number[]> {
    return Promise.all(this.nodes.map((node) => node.ask('countSessions')));
  }

  /**
   * Rebalances all nodes until they are level, as their timers would: a node that has just started is known to the others a moment
   * later, and a balancer may take a while to use it. Rounds in which no session leaves are not counted.
   */
  async level(): Promise<{ readonly rounds: number; readonly after: readonly number[] }> {
    const endsAt = performance.now() + 10 * boundMs;
    const overMs = String(this.drainMs);
    for (let rounds = 0; ; await turns(10)) {
      const moved = await Promise.all(this.nodes.map((node) => node.ask('rebalance', overMs)));
      rounds += moved.some((count) => count > 0) ? 1 : 0;
      await eventually(() => this.crowd.isOpen, 'all clients are open', 10 * boundMs);
      const after = await this.counts();
      if (isLevel(after) || performance.now() > endsAt) {
        return { rounds, after };
      }
    }
  }

  /** Messages without an answer, once no more are sent. */
  async lost(): Promise<number> {
    const { crowd } = this;
    crowd.rest();
    const areAnswered = () => crowd.answered >= crowd.sent;
    await eventually(areAnswered, 'all answers', boundMs).catch(() => undefined);
    return Math.max(0, crowd.sent - crowd.answered);
  }
}

/** Within a tenth of the average, above and below. */
export function isLevel(counts: readonly number[]): boolean {
  const average = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.every((count) => Math.abs(count - average) <= average / 10);
}
