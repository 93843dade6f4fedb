import { Invariants } from './invariants.js';
import { Random } from './random.js';
import { SimulatedClients } from './simulated-clients.js';
import { redisSkews, SimulatedCluster, type Rules } from './simulated-cluster.js';
import { limit, type SimulatedNode } from './simulated-node.js';
import { VirtualTime } from './virtual-time.js';

/** All rules are in place. */
export const allRules: Rules = {
  drainFollowsRevocations: true,
  questionsDemandReplicas: true,
  storeDates: true,
  cursorNamesEntry: true,
  sessionsEndWithLeases: true,
};

const users = ['alice', 'bob', 'carol'];

/** Steps of a schedule, before its faults end. */
const steps = 40;

/**
 * Runs the schedule of a seed.
 *
 * @returns the invariant that did not hold; `undefined` if all did
 */
export async function runSchedule(seed: number, rules: Rules): Promise<string | undefined> {
  const time = new VirtualTime();
  time.install();
  // A seventh of the time went into stack traces of a store that does not answer, which have no reader.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await new Schedule(seed, rules, time).run();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    time.uninstall();
  }
}

/** Something that happens to a node, or begins on it. */
type Action = (node: SimulatedNode) => void;

class Schedule {
  readonly #random: Random;
  readonly #cluster: SimulatedCluster;
  readonly #clients: SimulatedClients;
  readonly #invariants: Invariants;
  readonly #actions: readonly Action[];

  constructor(
    seed: number,
    rules: Rules,
    private readonly time: VirtualTime,
  ) {
    const random = new Random(seed);
    const maxStalenessMs = random.pick([6_000, 12_000, 30_000]);
    this.#random = random;
    this.#cluster = new SimulatedCluster(time, random, rules, maxStalenessMs);
    const perUser = limit.maxSessionsPerUser + random.pick([0, 1]);
    this.#clients = new SimulatedClients(time, random, this.#cluster, users, perUser);
    this.#invariants = new Invariants(time, this.#cluster, this.#clients);
    this.#actions = this.#chooseActions();
  }

  /** Has faults happen, ends them, and lets all that is left run out: drains, leases of dead nodes, and the differences of clocks. */
  async run(): Promise<void> {
    const { time } = this;
    const { maxStalenessMs } = this.#cluster;
    let at = 0;
    for (let step = 0; step < steps; step += 1) {
      at += this.#random.between(50, 3_000);
      time.at(at, () => this.#act());
    }
    const healedAt = at + this.#random.between(0, maxStalenessMs);
    time.at(healedAt, () => this.#cluster.heal());
    const skewMs = Math.max(...redisSkews) - Math.min(...redisSkews);
    const endsAt = healedAt + 1.5 * maxStalenessMs + skewMs + 20_000;
    await time.run(endsAt, () => this.#invariants.check());
    this.#invariants.checkAllLive();
  }

  /** Each schedule has about a third of the faults, so that each happens often, and also without those that excuse what it causes. */
  #chooseActions(): Action[] {
    const random = this.#random;
    const cluster = this.#cluster;
    const forMs = () => random.between(500, 1.5 * cluster.maxStalenessMs);
    const revoke: Action = (node) => this.#revoke(node);
    const issue: Action = (node) => void this.#clients.issueTicket(node, random.pick(users));
    const ofNodes: Action[] = [
      (node) => cluster.cut(node, forMs()),
      (node) => cluster.lose(node, 2 * forMs()),
      (node) => cluster.slow(node, forMs()),
      (node) => cluster.crash(node),
      (node) => cluster.hold(node),
      (node) => cluster.drain(node),
      (node) => cluster.rebalance(node),
      (node) => cluster.setClock(node),
      (node) => void this.#invariants.disconnect(node, random.pick(users)),
      () => this.#revokeOnAll(),
      () => cluster.trim(),
    ];
    const ofPrimaries: Action[] = [
      () => cluster.failOver(undefined),
      (node) => cluster.failOver(node),
      () => this.#failOverAmongRevocations(),
      () => cluster.flush(),
    ];
    const chosen = ofNodes.filter(() => random.chance(0.35));
    const others = random.chance(0.6) ? ofPrimaries.filter(() => random.chance(0.5)) : [];
    return [revoke, revoke, revoke, issue, issue, ...chosen, ...others];
  }

  /** All nodes revoke what a user has, at the same instant. */
  #revokeOnAll(): void {
    const userId = this.#random.pick(users);
    for (const node of this.#cluster.open) {
      this.time.post(node, () => void this.#invariants.revoke(node, userId));
    }
  }

  /** A failover among revocations: the replica may lack the first one, which nodes have read by then, and its clock may be behind. */
  #failOverAmongRevocations(): void {
    const random = this.#random;
    const { now } = this.time;
    const revoke = () => this.#onAny((node) => this.#revoke(node));
    revoke();
    this.time.at(now + random.between(100, 1_000), () => this.#cluster.failOver(undefined));
    this.time.at(now + random.between(1_000, 4_000), revoke);
    this.time.at(now + random.between(4_000, 10_000), revoke);
  }

  #revoke(node: SimulatedNode): void {
    void this.#invariants.revoke(node, this.#random.pick(users));
  }

  #act(): void {
    this.#onAny((node) => this.#random.pick(this.#actions)(node));
  }

  #onAny(action: Action): void {
    const { open } = this.#cluster;
    if (open.length > 0) {
      action(this.#random.pick(open));
    }
  }
}
