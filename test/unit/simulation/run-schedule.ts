import { Invariants } from './invariants.js';
import { Random } from './random.js';
import { SimulatedClients } from './simulated-clients.js';
import { redisSkews, SimulatedCluster, type Rules } from './simulated-cluster.js';
import { limit } from './simulated-node.js';
import { VirtualTime } from './virtual-time.js';

/** All rules are in place. */
export const allRules: Rules = {
  drainFollowsRevocations: true,
  questionsDemandReplicas: true,
  storeDates: true,
  cursorNamesEntry: true,
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

class Schedule {
  readonly #random: Random;
  readonly #cluster: SimulatedCluster;
  readonly #clients: SimulatedClients;
  readonly #invariants: Invariants;

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
  }

  async run(): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.#pass(this.#random.between(50, 3_000));
      this.#act();
    }
    await this.#end();
  }

  #act(): void {
    const random = this.#random;
    const { open } = this.#cluster;
    if (open.length === 0) {
      return;
    }
    const cluster = this.#cluster;
    const node = random.pick(open);
    const forMs = random.between(500, 1.5 * cluster.maxStalenessMs);
    const isSplit = random.chance(0.3);
    const revoke = () => void this.#invariants.revoke(node, random.pick(users));
    const actions = [
      revoke,
      revoke,
      revoke,
      revoke,
      () => void this.#clients.issueTicket(node, random.pick(users)),
      () => void this.#clients.issueTicket(node, random.pick(users)),
      () => cluster.cut(node, forMs),
      () => (random.chance(0.5) ? cluster.lose(node, forMs) : cluster.crash(node)),
      () => cluster.drain(node),
      () => cluster.failOver(isSplit ? node : undefined),
    ];
    random.pick(actions)();
  }

  /** The last faults end, and all that is left runs out: drains, leases of dead nodes, and the differences of clocks. */
  async #end(): Promise<void> {
    const { maxStalenessMs } = this.#cluster;
    await this.#pass(3 * maxStalenessMs + 10_000);
    this.#cluster.heal();
    const skewMs = Math.max(...redisSkews) - Math.min(...redisSkews);
    await this.#pass(1.5 * maxStalenessMs + skewMs + 20_000);
    this.#invariants.checkAllLive();
  }

  #pass(ms: number): Promise<void> {
    return this.time.advanceTo(this.time.now + ms, () => this.#invariants.check());
  }
}
