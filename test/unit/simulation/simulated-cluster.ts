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
}

const nodeCount = 3;

/** Milliseconds by which clocks are off. */
const nodeSkews = [0, 0, 200, -2_000, 300_000, -300_000];
export const redisSkews = [0, -2_000, 3_000, -8_000, 8_000];

/** Nodes, their links, and the primary; and what may happen to them. */
export class SimulatedCluster {
  nodes: SimulatedNode[] = [];
  primary: SimulatedRedis;
  /** Faults after which more sessions than the limit may exist: writes of leases were lost. */
  mayExceedLimit = false;
  /** Receives the writes that a failover has lost, and how far the replica was. */
  onLost: (subjects: readonly string[], until: number) => void = () => undefined;
  onNodeGone: () => void = () => undefined;

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

  get running(): SimulatedNode[] {
    return this.nodes.filter(({ isDead }) => !isDead);
  }

  /** Nodes that a balancer sends clients to. */
  get open(): SimulatedNode[] {
    return this.running.filter(({ isDraining }) => !isDraining);
  }

  startNode(): void {
    const { time, random, primary, rules } = this;
    const link = new SimulatedLink(time, random, primary, rules.storeDates);
    const node = new SimulatedNode(link, random.pick(nodeSkews), this.maxStalenessMs, time);
    this.nodes = [...this.running, node];
    void time.runOn(node, () => node.state.onModuleInit());
  }

  crash(node: SimulatedNode): void {
    node.isDead = true;
    this.onNodeGone();
    setTimeout(() => this.startNode(), this.random.between(100, 5_000));
  }

  /** Closes the application while other hooks of it wait, as terminus does: its sessions are served until their sockets close. */
  drain(node: SimulatedNode): void {
    node.isDraining = true;
    node.state.onModuleDestroy();
    if (!this.rules.drainFollowsRevocations) {
      this.mayExceedLimit = true;
      void this.time.runOn(node, () => node.state.onApplicationShutdown());
    }
    setTimeout(() => void this.#close(node), this.random.between(1_000, 2 * this.maxStalenessMs));
  }

  cut(node: SimulatedNode, forMs: number): void {
    this.#damage(node, 1, forMs);
  }

  /** Requests and answers are lost at random, renewals of leases among them. */
  lose(node: SimulatedNode, forMs: number): void {
    this.mayExceedLimit = true;
    this.#damage(node, 0.3, forMs);
  }

  /** A replica that has not all writes becomes the primary. With a split, a node stays on the old one for a while. */
  failOver(split: SimulatedNode | undefined): void {
    const { random, time } = this;
    const until = time.now - random.pick([0, 50, 500, 2_000]);
    const { promoted, lost } = this.primary.promote(random.pick(redisSkews), until);
    this.mayExceedLimit = true;
    this.primary = this.#adopt(promoted);
    this.onLost(lost, until);
    for (const node of this.running) {
      const delayMs =
        node === split ? 3 * this.maxStalenessMs : random.pick([10, 500, 3_000, 8_000]);
      setTimeout(() => node.link.attachTo(this.primary), delayMs);
    }
  }

  /** Ends all faults. */
  heal(): void {
    for (const { link } of this.running) {
      link.mend();
      link.attachTo(this.primary);
    }
  }

  #damage({ link }: SimulatedNode, lossRate: number, forMs: number): void {
    link.damage(lossRate);
    setTimeout(() => link.mend(), forMs);
  }

  async #close(node: SimulatedNode): Promise<void> {
    [...node.live.all()].forEach((live) => this.time.runOn(node, () => live.leave()));
    await this.time.runOn(node, () => node.state.onApplicationShutdown());
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
