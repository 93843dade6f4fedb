import { WsAuthHealth } from '../../../lib/cluster/ws-auth-health.service.js';
import { moduleSettings } from '../../../lib/module/module-settings.js';
import { NodeState } from '../../../lib/module/node-state.js';
import { redisWsAuthStore } from '../../../lib/redis.js';
import { ClusterSessions } from '../../../lib/sessions/cluster-sessions.js';
import { FakeSession, named, NodeSessions } from '../sessions/live-session-fakes.js';
import { VirtualTime } from '../simulation/virtual-time.js';
import { CountingRedis } from './counting-redis.js';

/** What happens on all nodes together. */
export interface Load {
  readonly nodes: number;
  readonly sessionsPerNode: number;
  readonly latencyMs: number;
}

/** Commands of one node by their purpose, in a number of seconds. */
export type Counts = ReadonlyMap<string, number>;

const limit = { maxSessionsPerUser: 10, onLimit: 'refuse' } as const;
const machine = { skewMs: 0, isDead: false };

/**
 * One node of many, made of the classes of `lib` on a virtual clock, and the commands that it sends. The other nodes are the entries that
 * they add to the stream. Every client that is logged out connects again.
 */
export class OneOfMany implements Disposable {
  readonly #time = new VirtualTime();
  readonly #redis: CountingRedis;
  readonly #node = new NodeSessions();
  readonly #state: NodeState;
  #users = 0;

  constructor(private readonly load: Load) {
    this.#time.install();
    this.#redis = new CountingRedis(this.#time, load.latencyMs);
    const store = redisWsAuthStore(this.#redis.client());
    const { maxSessionsPerUser } = limit;
    const settings = moduleSettings({
      strategy: 'jwt',
      store,
      presence: true,
      sessionLimitScope: 'cluster',
      maxSessionsPerUser,
    });
    const create = () =>
      new NodeState(
        settings,
        this.#node.live,
        this.#node.ledger,
        new WsAuthHealth(),
        new ClusterSessions(),
      );
    this.#state = this.#time.runOn(machine, create);
  }

  /** Starts the node and opens its sessions. */
  async start(): Promise<void> {
    const started = this.#time.runOn(machine, () => this.#state.onModuleInit());
    await this.#advance(100);
    await started;
    for (let index = 0; index < this.load.sessionsPerNode; index += 1) {
      void this.#time.runOn(machine, () => this.#enter());
      if (index % 1_000 === 999) {
        await this.#advance(50);
      }
    }
    await this.#advance(2_000);
  }

  /** Runs for some seconds, with logouts of all nodes and without anything else, and returns what was sent. */
  async run(seconds: number, logoutsPerSecond: number): Promise<Counts> {
    this.#redis.counts.clear();
    const { nodes } = this.load;
    const everyMs = 1_000 / logoutsPerSecond;
    const count = seconds * logoutsPerSecond;
    const beganAt = this.#time.now;
    for (let index = 0; index < count; index += 1) {
      await this.#advance(beganAt + index * everyMs - this.#time.now);
      if (index % nodes === 0) {
        this.#time.runOn(machine, () => this.#logOutHere());
      } else {
        this.#redis.append(
          JSON.stringify({
            kind: 'token',
            id: `of another node ${index}`,
            before: 0,
            rememberMs: 60_000,
          }),
        );
      }
    }
    await this.#advance(beganAt + seconds * 1_000 - this.#time.now);
    return new Map(this.#redis.counts);
  }

  /** Has clients of a lost node enter, spread over a time. */
  async receive(clients: number, overMs: number): Promise<Counts> {
    this.#redis.counts.clear();
    for (let index = 0; index < clients; index += 1) {
      void this.#time.runOn(machine, () => this.#enter());
      await this.#advance(overMs / clients);
    }
    return new Map(this.#redis.counts);
  }

  [Symbol.dispose](): void {
    this.#time.uninstall();
  }

  async #advance(ms: number): Promise<void> {
    await this.#time.run(this.#time.now + Math.max(0, ms));
  }

  /** The steps of an authentication that ask the store. */
  async #enter(): Promise<void> {
    this.#users += 1;
    const session = new FakeSession(
      this.#node,
      `user ${this.#users}`,
      named(`token ${this.#users}`),
    );
    const { revocations, leases } = this.#state;
    await revocations!.check(session);
    await leases!.enter(session.session, limit);
  }

  /** A client of this node logs out, and enters again. */
  #logOutHere(): void {
    const [oldest] = this.#node.live.all();
    const [tokenId] = oldest!.proof.tokenIds;
    void this.#node.revoke({ tokenId: tokenId! });
    this.#state.leases!.release(oldest!.session);
    void this.#enter();
  }
}
