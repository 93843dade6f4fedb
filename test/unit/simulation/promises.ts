import type { SimulatedNode } from './simulated-node.js';
import type { SimulatedSession } from './simulated-session.js';

/** What has resolved: the sessions that it concerns must not be served beyond the bound. */
export interface Promised {
  /** As the store names the write. */
  readonly subject: string;
  /** Sessions by credentials that were issued before, in epoch milliseconds by the clock of the store. */
  readonly issuedBefore: number;
  /** Sessions that have begun before, in milliseconds of virtual time. */
  readonly begunBefore: number;
  /** Milliseconds of virtual time. */
  readonly resolvedAt: number;
}

/** Bound in milliseconds where the network is whole, and how long it has to be before. */
const wholeMs = 1_000;
const quietMs = 3_000;

/** Milliseconds by which timers may round up. */
export const roundingMs = 5;

const never = Number.NEGATIVE_INFINITY;

/**
 * What was promised of the sessions of one user. What is due on every node, whatever it has lost, is kept as two instants, so that
 * a check after each turn is cheap.
 */
export class PromisesOfUser {
  #recent: Promised[] = [];
  #issuedBefore = never;
  #begunBefore = never;

  add(promised: Promised): void {
    this.#recent.push(promised);
  }

  /** Forgets what a failover has lost: the guide states so, and no node can know better. */
  forgive(subject: string, until: number): void {
    this.#recent = this.#recent.filter(
      (each) => each.subject !== subject || each.resolvedAt < until,
    );
  }

  forgiveAll(): void {
    this.#recent = [];
    this.#issuedBefore = never;
    this.#begunBefore = never;
  }

  /** Notes what has to have been carried out by now. */
  settle(now: number, maxStalenessMs: number): void {
    while (this.#recent[0] && now > this.#recent[0].resolvedAt + maxStalenessMs + roundingMs) {
      const { issuedBefore, begunBefore } = this.#recent.shift()!;
      this.#issuedBefore = Math.max(this.#issuedBefore, issuedBefore);
      this.#begunBefore = Math.max(this.#begunBefore, begunBefore);
    }
  }

  /** Whether a session is served longer than it may be. */
  isOverdue({ credential, begunAt }: SimulatedSession, node: SimulatedNode, now: number): boolean {
    const { issuedAt } = credential;
    if (issuedAt < this.#issuedBefore || begunAt < this.#begunBefore) {
      return true;
    }
    for (const { issuedBefore, begunBefore, resolvedAt } of this.#recent) {
      const isConcerned = issuedAt < issuedBefore || begunAt < begunBefore;
      if (isConcerned && now > Math.max(resolvedAt, node.link.wholeSince + quietMs) + wholeMs) {
        return true;
      }
    }
    return false;
  }
}
