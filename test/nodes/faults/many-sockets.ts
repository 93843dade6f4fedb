import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bearer, tokenOf } from '../../support/tokens.js';
import { patient } from '../../support/patience.js';
import { within } from '../eventually.js';
import { NodeProcess } from '../processes/node-process.js';
import { isLong, type Fault, type Seen, type Stage } from './fault.js';

/** Upgrades that are under way at a time. */
const inFlight = 64;

/** What the event loop may be busy with one thing, in milliseconds. The short version judges no duration. */
const stallBoundMs = isLong ? 100 : Number.POSITIVE_INFINITY;

const heartbeatIntervalMs = 5_000;

/** Heartbeats that are measured. The calmest one counts: other programs of the machine make the others longer, and none shorter. */
const beats = 4;

/** Clients that do nothing but answer pings. */
class IdleClients implements AsyncDisposable {
  readonly #sockets: WebSocket[] = [];
  #awaited = Number.POSITIVE_INFINITY;
  #arrived: () => void = () => undefined;

  /** Opens so many, some at a time. */
  async open(port: number, size: number): Promise<void> {
    const options = bearer(tokenOf('idle'));
    const openSome = async () => {
      while (this.#sockets.length < size) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`, options);
        this.#sockets.push(socket);
        socket.on('ping', () => this.#notePing());
        await once(socket, 'open');
      }
    };
    await Promise.all(Array.from({ length: inFlight }, openSome));
  }

  /** Resolves once all have been pinged so often. It does not poll, since it shares the processor with the node. */
  pinged(times: number): Promise<void> {
    this.#awaited = times * this.#sockets.length;
    const arrived = new Promise<void>((resolve) => (this.#arrived = resolve));
    return within(times * patient(60_000), arrived, 'all clients are pinged');
  }

  #notePing(): void {
    this.#awaited -= 1;
    if (this.#awaited === 0) {
      this.#arrived();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sockets.forEach((socket) => socket.terminate());
  }
}

async function run(stage: Stage, size: number): Promise<Seen> {
  const { url } = await stage.redis();
  const redis = { keyPrefix: randomUUID(), commandTimeoutMs: patient(2_000) };
  const node = stage.keep(await NodeProcess.start({ url, redis, heartbeatIntervalMs }));
  const clients = stage.keep(new IdleClients());
  await clients.open(node.port, size);
  await clients.pinged(1);
  const stalls: number[] = [];
  for (let beat = 0; beat < beats; beat += 1) {
    await node.ask('watchStalls');
    await clients.pinged(1);
    stalls.push(Math.round(await node.ask('longestStall')));
  }
  const sessions = await node.ask('countSessions');
  return {
    text: `${sessions} sessions after ${beats + 1} heartbeats; the event loop was busy for ${stalls.join(', ')} ms at most`,
    isServedBeyond: false,
    holds: sessions === size && Math.min(...stalls) < stallBoundMs,
  };
}

/** The heartbeat of a node with many sockets. */
export function heartbeat(size: number): Fault {
  return {
    name: `none, ${size} sockets that are pinged every ${heartbeatIntervalMs} ms`,
    promise: `no session is lost, and a heartbeat keeps the event loop busy for less than ${stallBoundMs} ms`,
    run: (stage) => run(stage, size),
  };
}
