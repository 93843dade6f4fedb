import type { Random } from './random.js';
import { SimulatedLink } from './simulated-link.js';
import { SimulatedNode } from './simulated-node.js';
import { SimulatedRedis, type StoreRules } from './simulated-redis.js';
import type { VirtualTime } from './virtual-time.js';

/** What a schedule may take out, to show that it finds the defect that it prevents. */
export interface Rules extends StoreRules {
  /** D2: a node that drains follows revocations until its sockets are closed. */
  readonly drainFollowsRevocations: boolean;
  /** D5: revocations and tickets are dated by the clock of the store. */
  readonly storeDates: boolean;
  /** Sessions end with leases that could not be renewed. */
  readonly sessionsEndWithLeases: boolean;
}

const nodeCount = 3;

/** Milliseconds by which clocks are off. */
const nodeSkews = [0, 0, 200, -2_000, 300_000, -300_000];
export const redisSkews = [0, -3_000, 3_000];

/** Entries of the stream that are younger are never trimmed, by the clocks of several primaries: milliseconds. */
const trimMarginMs = 10_000;

/** Nodes, their links, and the primary; and what may happen to them. */
export class SimulatedCluster {
  running: SimulatedNode[] = [];
  primary: SimulatedRedis;
  /** Faults after which more sessions than the limit may exist: leases were lost, or the clock that ends them has jumped. */
  mayExceedLimit = false;
  /** Receives the writes that a failover has lost, and how far the replica was. */
  onLost: (subjects: readonly string[], until: number) => void = () => undefined;
  onFlushed: () => void = () => undefined;
  onNodeGone: () => void = () => undefined;
  #isHealed = false;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly rules: Rules,
    readonly maxStalenessMs: number,
  ) {
    this.primary = this.#adopt(new SimulatedRedis(time, random.pick(redisSkews), rules));
    for (let index = 0; index < nodeCount; index += 1) {
      this.startNode();
    }
  }

  /** Nodes that a balancer sends clients to. */
  get open(): SimulatedNode[] {
    return this.running.filter(({ isDraining }) => !isDraining);
  }

  startNode(): void {
    const { time, random, primary, rules, maxStalenessMs } = this;
    const link = new SimulatedLink(time, random, primary, rules.storeDates);
    const endsWithLeases = rules.sessionsEndWithLeases;
    const skewMs = random.pick(nodeSkews);
    const node = new SimulatedNode({ link, skewMs, maxStalenessMs, endsWithLeases }, time);
    this.running = [...this.running, node];
    time.post(node, () => void node.state.onModuleInit());
  }

  crash(node: SimulatedNode): void {
    if (!node.isDead) {
      node.isDead = true;
      this.running = this.running.filter((each) => each !== node);
      this.onNodeGone();
      this.#in(this.random.between(100, 5_000), () => this.startNode());
    }
  }

  /** Closes the application while other hooks of it wait, as terminus does: its sessions are served until their sockets close. */
  hold(node: SimulatedNode): void {
    this.#beginShutdown(node);
    this.#in(this.random.between(1_000, 2 * this.maxStalenessMs), () =>
      this.time.post(node, () => void this.#close(node)),
    );
  }

  /** Closes the application with `drainMs`. */
  drain(node: SimulatedNode): void {
    const overMs = this.random.between(1_000, this.maxStalenessMs);
    this.#beginShutdown(node);
    this.time.post(node, () => void this.#drain(node, overMs));
  }

  /** Has a node give away what it has above the average. */
  rebalance(node: SimulatedNode): void {
    const options = { overMs: this.random.between(0, 10_000), batch: 1, tolerance: 0 };
    this.time.post(node, () => void node.sessions.rebalance(options).catch(ignore));
  }

  cut(node: SimulatedNode, forMs: number): void {
    this.#damage(node, forMs, () => (node.link.lossRate = 1));
  }

  /** Requests and answers are lost at random. */
  lose(node: SimulatedNode, forMs: number): void {
    const rate = this.random.pick([0.3, 0.6, 0.7]);
    this.#damage(node, forMs, () => (node.link.lossRate = rate));
  }

  /** Redis carries out requests after the node has given them up. */
  slow(node: SimulatedNode, forMs: number): void {
    this.#damage(node, forMs, () => (node.link.isSlow = true));
  }

  /** The wall clock of a node jumps. */
  setClock(node: SimulatedNode): void {
    node.skewMs = this.random.pick(nodeSkews);
  }

  flush(): void {
    this.mayExceedLimit = true;
    this.primary.flush();
    this.onFlushed();
  }

  trim(): void {
    this.primary.trim(this.maxStalenessMs + trimMarginMs);
  }

  /** A replica that has not all writes becomes the primary. With a split, a node stays on the old one for a while. */
  failOver(split: SimulatedNode | undefined): void {
    const { random, time } = this;
    const until = time.now - random.pick([0, 50, 500, 2_000]);
    const { promoted, lost } = this.primary.promote(random.pick(redisSkews), until);
    this.mayExceedLimit = true;
    this.primary = this.#adopt(promoted);
    this.onLost(lost, until);
    const delays = [10, 500, 3_000, 8_000, 0.7 * this.maxStalenessMs];
    for (const node of this.running) {
      const delayMs = node === split ? 3 * this.maxStalenessMs : random.pick(delays);
      this.#in(delayMs, () => node.link.attachTo(this.primary));
    }
  }

  /** Ends all faults. */
  heal(): void {
    this.#isHealed = true;
    for (const { link } of this.running) {
      link.mend();
      link.attachTo(this.primary);
    }
  }

  #in(delayMs: number, work: () => void): void {
    this.time.at(this.time.now + delayMs, work);
  }

  #damage({ link }: SimulatedNode, forMs: number, damage: () => void): void {
    if (!this.#isHealed) {
      damage();
      this.#in(forMs, () => link.mend());
    }
  }

  #beginShutdown(node: SimulatedNode): void {
    node.isDraining = true;
    node.state.onModuleDestroy();
    if (!this.rules.drainFollowsRevocations) {
      this.mayExceedLimit = true;
      this.time.post(node, () => void node.state.onApplicationShutdown());
    }
  }

  async #drain(node: SimulatedNode, overMs: number): Promise<void> {
    await node.sessions.drain({ overMs, batch: 1 });
    await this.#close(node);
  }

  async #close(node: SimulatedNode): Promise<void> {
    [...node.live.all()].forEach((live) => live.leave());
    await node.state.onApplicationShutdown();
    this.crash(node);
  }

  #adopt(redis: SimulatedRedis): SimulatedRedis {
    redis.onRevocation = () => {
      for (const { link } of this.running) {
        if (link.redis === redis) {
          link.notify();
        }
      }
    };
    return redis;
  }
}

/** A store that does not answer rejects a rebalancing. */
function ignore(): void {}
