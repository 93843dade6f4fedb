import { ticketDigest } from '../../../lib/tickets/ticket-digest.js';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import type { Random } from './random.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import type { Credential, SimulatedNode } from './simulated-node.js';
import type { VirtualTime } from './virtual-time.js';

/** Time in milliseconds after which a client gives an attempt up. */
const attemptMs = 3_000;

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
    return this.random.between(100, 2_000);
  }

  /** A client is a process of its own: its timers survive its node. */
  later(work: () => void, delayMs: number): void {
    this.time.runOutside(() => setTimeout(work, delayMs));
  }

  /** Whether a client that was refused logs in again, instead of presenting the same token. */
  logsIn(): boolean {
    return this.random.chance(0.5);
  }
}

class Client {
  #token: Credential | undefined;
  #node: SimulatedNode | undefined;
  #attempt = 0;

  constructor(
    private readonly userId: string,
    private readonly clients: SimulatedClients,
  ) {
    this.#retry();
  }

  /** Notices that its node has died. */
  checkNode(): void {
    if (this.#node?.isDead) {
      this.#retry();
    }
  }

  #retry(): void {
    this.#attempt += 1;
    this.#node = undefined;
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
    const retry = () => {
      if (attempt === this.#attempt) {
        this.#retry();
      }
    };
    const isWaiting = () => this.#node === undefined;
    clients.later(() => isWaiting() && retry(), attemptMs);
    if (!node) {
      return;
    }
    this.#token ??= clients.newToken(userId);
    const credential = (await clients.byTicket(node, userId)) ?? this.#token;
    const live = await node.connect(credential, retry);
    this.#answered(attempt, node, live);
  }

  #answered(attempt: number, node: SimulatedNode, live: LiveSession | undefined): void {
    if (attempt !== this.#attempt) {
      // The client has left meanwhile.
      live?.leave();
    } else if (live && node.live.with(live.session.id)) {
      this.#node = node;
      this.checkNode();
    } else {
      this.#token = this.clients.logsIn() ? undefined : this.#token;
      this.#retry();
    }
  }
}
