import type { LiveSession } from '../../../lib/sessions/live-session.js';
import type { SimulatedClients } from './simulated-clients.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import { limit, type SimulatedNode } from './simulated-node.js';
import type { VirtualTime } from './virtual-time.js';

/** A revocation that has resolved: what was issued by then must not be served beyond the bound. */
interface Promised {
  readonly userId: string;
  /** Epoch milliseconds by the clock of the store. */
  readonly before: number;
  /** Milliseconds of virtual time. */
  readonly startedAt: number;
  readonly resolvedAt: number;
}

/** Bound in milliseconds where the network is whole, and how long it has to be before. */
const wholeMs = 1_000;
const quietMs = 3_000;

/** Milliseconds by which timers may round up. */
const roundingMs = 5;

/** What must hold after each step. */
export class Invariants {
  #promised: Promised[] = [];
  /** When a failover has last lost a revocation of a user. */
  readonly #lostAt = new Map<string, number>();
  /** Takes of a ticket that a failover has lost, by digest: the ticket is valid again, as the guide states. */
  readonly #lostTakes = new Map<string, number>();

  constructor(
    private readonly time: VirtualTime,
    private readonly cluster: SimulatedCluster,
    private readonly clients: SimulatedClients,
  ) {
    cluster.onLost = (subjects, until) => this.#forgive(subjects, until);
  }

  /** Revokes on a node. What resolves is a promise from then on. */
  async revoke(node: SimulatedNode, userId: string): Promise<void> {
    const { link } = node;
    const startedAt = this.time.now;
    const { clock, skewMs } = link.redis;
    try {
      await node.revoke(userId);
    } catch {
      return;
    }
    const isLost = (this.#lostAt.get(userId) ?? -1) >= startedAt;
    if (!isLost && link.redis.skewMs === skewMs) {
      this.#promised.push({ userId, before: clock, startedAt, resolvedAt: this.time.now });
    }
  }

  check(): void {
    this.#checkRevoked();
    this.#checkTickets();
    if (!this.cluster.mayExceedLimit) {
      for (const userId of this.clients.users) {
        const count = this.#count(userId);
        demand(count <= limit.maxSessionsPerUser, `${userId} has ${count} sessions`);
      }
    }
  }

  /** Holds once all faults have ended, and leases and clocks have had their time. */
  checkAllLive(): void {
    for (const userId of this.clients.users) {
      const count = this.#count(userId);
      const enough = count >= limit.maxSessionsPerUser;
      demand(enough, `${userId} may have sessions, and has only ${count}`);
    }
  }

  #checkRevoked(): void {
    for (const node of this.cluster.running) {
      for (const live of node.live.all()) {
        const promised = this.#promised.find((each) => this.#isOverdue(node, live, each));
        demand(
          promised === undefined,
          `${live.session.userId} is served at ${this.time.now} ms, revoked at ${promised?.resolvedAt} ms`,
        );
      }
    }
  }

  #isOverdue(node: SimulatedNode, live: LiveSession, promised: Promised): boolean {
    const { resolvedAt, userId, before } = promised;
    const { link, maxStalenessMs } = node;
    const dueAt = Math.min(
      resolvedAt + maxStalenessMs + roundingMs,
      Math.max(resolvedAt, link.wholeSince + quietMs) + wholeMs,
    );
    const { issuedAt = Number.POSITIVE_INFINITY } = node.credentials.get(live) ?? {};
    return live.session.userId === userId && issuedAt < before && this.time.now > dueAt;
  }

  #checkTickets(): void {
    for (const [digest, count] of this.clients.accepted) {
      const allowed = 1 + (this.#lostTakes.get(digest) ?? 0);
      demand(count <= allowed, `a ticket was taken ${count} times`);
    }
  }

  #count(userId: string): number {
    const counts = this.cluster.running.map(({ live }) => live.countOfUser(userId));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** A failover forgets its last writes: the guide states so, and no node can know better. */
  #forgive(subjects: readonly string[], until: number): void {
    for (const subject of subjects) {
      const [kind, id = ''] = subject.split(' ');
      if (kind === 'user') {
        this.#lostAt.set(id, this.time.now);
        this.#promised = this.#promised.filter(
          ({ userId, resolvedAt }) => userId !== id || resolvedAt < until,
        );
      } else if (kind === 'take') {
        this.#lostTakes.set(id, (this.#lostTakes.get(id) ?? 0) + 1);
      }
    }
  }
}

function demand(holds: boolean, violation: string): void {
  if (!holds) {
    throw new Error(violation);
  }
}
