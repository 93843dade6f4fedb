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
import { isLong, type Fault, type Seen, type Stage } from './fault.js';

/** How large the restart is. */
export interface Scale {
  readonly clients: number;
  readonly drainMs: number;
}

/** What a client may take to be open again after a node is up. */
const boundMs = patient(isLong ? 6_000 : 20_000);

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

/** Restarts each node, and returns how long after it is up all clients are open, in milliseconds. */
async function restart(
  nodes: NodeProcess[],
  crowd: Crowd,
  { drainMs }: Scale,
  start: (index: number) => Promise<NodeProcess>,
) {
  const waits: number[] = [];
  for (const index of nodes.keys()) {
    await nodes[index]!.terminate(drainMs);
    nodes[index] = await start(index);
    const upAt = performance.now();
    await eventually(() => crowd.isOpen, 'all clients are open', 10 * boundMs);
    waits.push(Math.round(performance.now() - upAt));
  }
  return waits;
}

async function run(stage: Stage, balancer: keyof typeof balancers, scale: Scale): Promise<Seen> {
  const { url } = await stage.redis();
  const ports = [await freePort(), await freePort(), await freePort()];
  const redis = { keyPrefix: randomUUID(), commandTimeoutMs: patient(2_000) };
  const settings = { url, redis, presence: true, trustProxy: 'loopback', drainMs: scale.drainMs };
  const start = async (index: number) =>
    stage.keep(await NodeProcess.start({ ...settings, port: ports[index]! }));
  const nodes = await Promise.all(ports.map((_, index) => start(index)));
  const { port } = stage.keep(await startBalancer(balancer, ports));
  const crowd = stage.keep(new Crowd(port, scale.clients));
  await eventually(() => crowd.isOpen, 'all clients are open', 20 * boundMs);
  const waits = await restart(nodes, crowd, scale, start);
  const before = await Promise.all(nodes.map((node) => node.ask('countSessions')));
  const { rounds, after } = await level(nodes, crowd, scale);
  crowd.rest();
  await eventually(() => crowd.answered >= crowd.sent, 'all answers', boundMs).catch(
    () => undefined,
  );
  return seenOf(crowd, { waits, before, after, rounds, scale });
}

/** Within a tenth, and one that cannot be divided. */
function isLevel(counts: readonly number[], { clients }: Scale): boolean {
  return counts.every((count) => count <= Math.ceil((clients / counts.length) * 1.1) + 1);
}

/**
 * Rebalances all nodes until they are level, as their timers would: a node that has just started is known to the others a moment
 * later, and a balancer may take a while to use it. Rounds in which no session leaves are not counted.
 */
async function level(nodes: readonly NodeProcess[], crowd: Crowd, scale: Scale) {
  const endsAt = performance.now() + 10 * boundMs;
  for (let rounds = 0; ; await turns(10)) {
    const overMs = String(scale.drainMs);
    const moved = await Promise.all(nodes.map((node) => node.ask('rebalance', overMs)));
    rounds += moved.some((count) => count > 0) ? 1 : 0;
    await eventually(() => crowd.isOpen, 'all clients are open', 10 * boundMs);
    const after = await Promise.all(nodes.map((node) => node.ask('countSessions')));
    if (isLevel(after, scale) || performance.now() > endsAt) {
      return { rounds, after };
    }
  }
}

interface Measured {
  readonly waits: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly rounds: number;
  readonly scale: Scale;
}

function seenOf(
  { givenUp, sent, answered }: Crowd,
  { waits, before, after, rounds, scale }: Measured,
): Seen {
  const lost = Math.max(0, sent - answered);
  return {
    text: [
      `${givenUp} given up`,
      `all open ${waits.join(', ')} ms after each node was up`,
      `${lost} of ${sent} messages without an answer`,
      `sessions ${before.join(' / ')}, after ${rounds} × \`rebalance()\` ${after.join(' / ')}`,
    ].join('; '),
    isServedBeyond: false,
    holds:
      givenUp === 0 &&
      lost === 0 &&
      isLevel(after, scale) &&
      waits.every((wait) => wait <= boundMs),
  };
}

/** The rolling restart of three nodes behind a balancer. */
export function rollingRestart(balancer: keyof typeof balancers, scale: Scale): Fault {
  return {
    name: `rolling restart of three nodes behind ${balancer}, ${scale.clients} clients, \`drainMs\` ${scale.drainMs}`,
    promise: `no client gives up or loses a message, all are open within ${boundMs} ms, and no node is more than a tenth above the average after \`rebalance()\``,
    run: (stage) => run(stage, balancer, scale),
  };
}
