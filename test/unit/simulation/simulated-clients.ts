import { ticketDigest } from '../../../lib/tickets/ticket-digest.js';
import type { Random } from './random.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import type { SimulatedNode } from './simulated-node.js';
import type { Credential, SimulatedSession } from './simulated-session.js';
import type { VirtualTime } from './virtual-time.js';

/** Time in milliseconds after which a client gives an attempt up. */
const attemptMs = 3_000;

/** Longest pause in milliseconds before an attempt. */
const pauseMs = 2_000;

/** Refusals in a row after which a client presents its token no longer. */
const maxRefusals = 3;

interface Ticket {
  readonly value: string;
  readonly userId: string;
  readonly issuedAt: number;
}

/** Clients that connect again whenever their session ends, by tokens old and new, and by tickets that others use as well. */
export class SimulatedClients {
  /** How often each ticket was accepted, by its digest. */
  readonly accepted = new Map<string, number>();
  readonly #tickets: Ticket[] = [];
  readonly #clients: Client[];

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly cluster: SimulatedCluster,
    readonly users: readonly string[],
    perUser: number,
  ) {
    const count = Array.from({ length: perUser });
    this.#clients = users.flatMap((userId) => count.map(() => new Client(userId, this)));
    cluster.onNodeGone = () => this.#clients.forEach((client) => client.checkNode());
  }

  async issueTicket(node: SimulatedNode, userId: string): Promise<void> {
    const { clock } = node.link.redis;
    const value = await node.issueTicket(userId).catch(() => undefined);
    if (value !== undefined) {
      const issuedAt = Math.max(clock, node.link.redis.clock);
      this.#tickets.push({ value, userId, issuedAt });
    }
  }

  /** A token of the issuer, whose clock is right, as of this second. */
  newToken(userId: string): Credential {
    const iat = Math.floor(this.time.wallClock / 1_000);
    return { userId, issuedAt: iat * 1_000, info: { jti: `t${this.random.next()}`, iat } };
  }

  /** Credential of a ticket, whether or not another client has spent it. */
  async byTicket(node: SimulatedNode, userId: string): Promise<Credential | undefined> {
    const own = this.#tickets.filter((ticket) => ticket.userId === userId);
    if (own.length === 0 || this.random.chance(0.5)) {
      return undefined;
    }
    const { value, issuedAt } = this.random.pick(own);
    const info = await node.presentTicket(value);
    if (!info) {
      return undefined;
    }
    const digest = ticketDigest(value);
    this.accepted.set(digest, (this.accepted.get(digest) ?? 0) + 1);
    return { userId, issuedAt, info };
  }

  anyNode(): SimulatedNode | undefined {
    const { open } = this.cluster;
    return open.length === 0 ? undefined : this.random.pick(open);
  }

  pauseMs(): number {
    return this.random.between(100, pauseMs);
  }

  /** A client is a process of its own: its timers survive its node. */
  later(work: () => void, delayMs: number): void {
    this.time.at(this.time.now + delayMs, work);
  }

  /** The connection of a client closes, which its node notices. */
  leave({ session, node }: Held): void {
    this.time.post(node, () => session.end());
  }

  /** Whether a client that was refused so often logs in again, instead of presenting the same token. */
  logsIn(refusals: number): boolean {
    return refusals > maxRefusals || this.random.chance(0.5);
  }
}

/** The session of a client, and the attempt that it comes from. */
interface Held {
  readonly session: SimulatedSession;
  readonly node: SimulatedNode;
  readonly attempt: number;
}

class Client {
  #token: Credential | undefined;
  #held: Held | undefined;
  #attempt = 0;
  #refusals = 0;

  constructor(
    private readonly userId: string,
    private readonly clients: SimulatedClients,
  ) {
    this.#retry();
  }

  /** Notices that its node has died. */
  checkNode(): void {
    if (this.#held?.node.isDead) {
      this.#ended(this.#held.attempt);
    }
  }

  /** After the notice it has begun a further attempt already. */
  #ended(attempt: number): void {
    if (this.#held?.attempt === attempt) {
      this.#held = undefined;
      if (this.#attempt === attempt) {
        this.#retry();
      }
    }
  }

  /** Connects to another node, and keeps its session until then. */
  #noticed(attempt: number): void {
    if (this.#held?.attempt === attempt && this.#attempt === attempt) {
      this.#retry();
    }
  }

  #retry(): void {
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.clients.later(() => {
      if (attempt === this.#attempt) {
        void this.#connect(attempt);
      }
    }, this.clients.pauseMs());
  }

  async #connect(attempt: number): Promise<void> {
    const { clients, userId } = this;
    const node = clients.anyNode();
    clients.later(() => {
      if (attempt === this.#attempt && this.#held?.attempt !== attempt) {
        this.#retry();
      }
    }, attemptMs);
    if (!node) {
      return;
    }
    this.#token ??= clients.newToken(userId);
    const credential = (await clients.byTicket(node, userId)) ?? this.#token;
    const session = await node.connect(credential, {
      onEnd: () => this.#ended(attempt),
      onNotice: () => this.#noticed(attempt),
    });
    this.#answered(session && { session, node, attempt }, attempt);
  }

  #answered(next: Held | undefined, attempt: number): void {
    if (attempt !== this.#attempt) {
      // The client has given the attempt up meanwhile.
      next?.session.end();
    } else if (next?.session.isOpen) {
      const former = this.#held;
      this.#held = next;
      this.#refusals = 0;
      if (former) {
        this.clients.leave(former);
      }
      this.checkNode();
    } else {
      this.#refusals += 1;
      this.#token = this.clients.logsIn(this.#refusals) ? undefined : this.#token;
      this.#retry();
    }
  }
}
