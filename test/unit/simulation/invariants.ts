import { parsePresence } from '../../../lib/cluster/presence-record.js';
import { longestNoticeMs } from '../../../lib/sessions/leave-in-steps.js';
import { PromisesOfUser, roundingMs } from './promises.js';
import type { SimulatedClients } from './simulated-clients.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import { limit, type SimulatedNode } from './simulated-node.js';
import type { SimulatedSession } from './simulated-session.js';
import type { VirtualTime } from './virtual-time.js';

/** What must hold after each turn. */
export class Invariants {
  readonly #promises: ReadonlyMap<string, PromisesOfUser>;
  /** When the store has last lost writes of a subject. */
  readonly #lostAt = new Map<string, number>();
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** Takes of a ticket that a failover has lost, by digest: the ticket is valid again, as the guide states. */
  readonly #lostTakes = new Map<string, number>();

  constructor(
    private readonly time: VirtualTime,
    private readonly cluster: SimulatedCluster,
    private readonly clients: SimulatedClients,
  ) {
    this.#promises = new Map(clients.users.map((userId) => [userId, new PromisesOfUser()]));
    cluster.onLost = (subjects, until) => this.#forgive(subjects, until);
    cluster.onFlushed = () => this.#forgiveAll();
  }

  /** Revokes on a node. What resolves is a promise from then on. */
  async revoke(node: SimulatedNode, userId: string): Promise<void> {
    const { clock } = node.link.redis;
    const revoke = () => node.sessions.revoke({ userId });
    await this.#promise(node, `user ${userId}`, revoke, { issuedBefore: clock });
  }

  /** Disconnects the sessions of a user on all nodes. */
  async disconnect(node: SimulatedNode, userId: string): Promise<void> {
    const disconnect = () => node.sessions.disconnect({ userId }, { scope: 'cluster' });
    const begunBefore = this.time.now;
    await this.#promise(node, `disconnectUser ${userId}`, disconnect, { begunBefore });
  }

  check(): void {
    const { now } = this.time;
    this.#promises.forEach((each) => each.settle(now, this.cluster.maxStalenessMs));
    for (const node of this.cluster.running) {
      for (const live of node.live.all()) {
        this.#checkSession(live as SimulatedSession, node, now);
      }
    }
    for (const [digest, count] of this.clients.accepted) {
      if (count > 1) {
        const allowed = 1 + (this.#lostTakes.get(digest) ?? 0);
        demand(count <= allowed, () => `a ticket was taken ${count} times`);
      }
    }
    if (!this.cluster.mayExceedLimit) {
      for (const userId of this.clients.users) {
        const count = this.#countStaying(userId);
        demand(count <= limit.maxSessionsPerUser, () => `${userId} has ${count} sessions`);
      }
    }
  }

  /** Holds once all faults have ended, and leases and clocks have had their time. */
  checkAllLive(): void {
    for (const userId of this.clients.users) {
      const live = this.cluster.running.flatMap((node) => node.live.ofUser(userId));
      const enough = live.length >= limit.maxSessionsPerUser;
      demand(enough, () => `${userId} may have sessions, and has only ${live.length}`);
      const listed = this.cluster.primary
        .presenceOf(userId)
        .flatMap(({ node, record }) => parsePresence(node, record)?.sessions ?? []);
      const [ids, known] = [live.map(({ session }) => session.id), listed.map(({ id }) => id)];
      const areKnown = ids.toSorted().join() === known.toSorted().join();
      demand(areKnown, () => `${userId} has ${ids.length} sessions, listed are ${known.length}`);
    }
  }

  #checkSession(live: SimulatedSession, node: SimulatedNode, now: number): void {
    const { userId = '' } = live.session;
    const isOverdue = this.#promises.get(userId)!.isOverdue(live, node, now);
    demand(!isOverdue, () => `${userId} is served at ${now} ms`);
    const { noticeAt = now } = live;
    const isLate = now > noticeAt + longestNoticeMs + roundingMs;
    demand(!isLate, () => `${userId} is there at ${now} ms, with a notice of ${noticeAt} ms`);
  }

  async #promise(
    node: SimulatedNode,
    subject: string,
    work: () => Promise<unknown>,
    { issuedBefore = Number.NEGATIVE_INFINITY, begunBefore = Number.NEGATIVE_INFINITY },
  ): Promise<void> {
    const startedAt = this.time.now;
    const { skewMs } = node.link.redis;
    this.time.enter(node);
    try {
      await work();
    } catch {
      return;
    }
    const lostAt = Math.max(this.#lostAt.get(subject) ?? this.#flushedAt, this.#flushedAt);
    if (lostAt < startedAt && node.link.redis.skewMs === skewMs) {
      const [, userId = ''] = subject.split(' ');
      const resolvedAt = this.time.now;
      this.#promises.get(userId)!.add({ subject, issuedBefore, begunBefore, resolvedAt });
    }
  }

  #countStaying(userId: string): number {
    let count = 0;
    for (const node of this.cluster.running) {
      count += node.countStaying(userId);
    }
    return count;
  }

  #forgive(subjects: readonly string[], until: number): void {
    for (const subject of subjects) {
      const [kind, id = ''] = subject.split(' ');
      if (kind === 'take') {
        this.#lostTakes.set(id, (this.#lostTakes.get(id) ?? 0) + 1);
      } else {
        this.#lostAt.set(subject, this.time.now);
        this.#promises.get(id)?.forgive(subject, until);
      }
    }
  }

  /** A store that has lost all its data lets revoked credentials in on nodes that have not read the revocation, as the guide states. */
  #forgiveAll(): void {
    this.#flushedAt = this.time.now;
    this.#promises.forEach((each) => each.forgiveAll());
  }
}

/** The violation is put into words only if it is one. */
function demand(holds: boolean, violation: () => string): void {
  if (!holds) {
    throw new Error(violation());
  }
}
