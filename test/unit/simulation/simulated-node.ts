import { WsAuthHealth } from '../../../lib/cluster/ws-auth-health.service.js';
import { moduleSettings, type ModuleSettings } from '../../../lib/module/module-settings.js';
import { NodeState } from '../../../lib/module/node-state.js';
import type { StrategyActions } from '../../../lib/passport/strategy.js';
import { ClusterSessions } from '../../../lib/sessions/cluster-sessions.js';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import { LiveSessions } from '../../../lib/sessions/live-sessions.js';
import { declaredProof } from '../../../lib/sessions/proof.js';
import { RevocationLedger } from '../../../lib/sessions/revocation-ledger.js';
import { SessionDrain } from '../../../lib/sessions/session-drain.js';
import { WsAuthSessions } from '../../../lib/sessions/ws-auth-sessions.service.js';
import { ticketSettings } from '../../../lib/tickets/ticket-settings.js';
import { TicketStrategy } from '../../../lib/tickets/ticket.strategy.js';
import { WsTickets } from '../../../lib/tickets/ws-tickets.service.js';
import { sessionOf } from '../sessions/live-session-fakes.js';
import type { SimulatedLink } from './simulated-link.js';
import { SimulatedSession, type Credential, type Listener } from './simulated-session.js';
import type { Machine, VirtualTime } from './virtual-time.js';

/** Sessions that a user may have on all nodes. */
export const limit = { maxSessionsPerUser: 2, onLimit: 'refuse' } as const;

const ticketOptions = { ttlMs: 60_000, maxPerUser: 100, maxTotal: 1_000 };
const keyOf = (user: object) => (user as { readonly id?: string }).id;

/** How a node is made. */
export interface NodeFacts {
  readonly link: SimulatedLink;
  readonly skewMs: number;
  readonly maxStalenessMs: number;
  /** Whether sessions end with their leases. */
  readonly endsWithLeases: boolean;
}

/** A node of the cluster: the classes of `lib`, without sockets. */
export class SimulatedNode implements Machine {
  readonly live: LiveSessions;
  readonly state: NodeState;
  readonly sessions: WsAuthSessions;
  readonly link: SimulatedLink;
  readonly maxStalenessMs: number;
  readonly #tickets: WsTickets;
  readonly #ledger: RevocationLedger;
  skewMs: number;
  isDead = false;
  isDraining = false;

  constructor(
    facts: NodeFacts,
    private readonly time: VirtualTime,
  ) {
    const { link, maxStalenessMs } = facts;
    this.link = link;
    this.skewMs = facts.skewMs;
    this.maxStalenessMs = maxStalenessMs;
    this.live = facts.endsWithLeases ? new LiveSessions() : new LiveSessionsWithoutNames();
    this.#ledger = new RevocationLedger(this.live);
    const cluster = new ClusterSessions();
    const health = new WsAuthHealth();
    // Its timers end with it.
    this.state = time.runOn(
      this,
      () => new NodeState(settingsOf(facts), this.live, this.#ledger, health, cluster),
    );
    const tickets = ticketSettings(ticketOptions, { store: link, userId: keyOf });
    this.#tickets = new WsTickets(tickets, this.live);
    const drain = new SessionDrain(this.live, () => health.shutDown());
    this.sessions = new WsAuthSessions(this.live, { ledger: this.#ledger, drain, cluster });
  }

  /** Sessions of a user that have a place: those whose clients have received the notice have given it back. */
  countStaying(userId: string): number {
    return this.live.staying === this.live.size
      ? this.live.countOfUser(userId)
      : this.#sessionsOf(userId).filter(({ noticeAt }) => noticeAt === undefined).length;
  }

  /** Begins a session, in the order of steps in which the authenticator and the admission do. */
  async connect(credential: Credential, listener: Listener): Promise<SimulatedSession | undefined> {
    this.time.enter(this);
    const { userId, info } = credential;
    const session = sessionOf(userId);
    const proof = declaredProof({}, info);
    const presented = { presentedAt: Date.now(), presentedTick: performance.now() };
    const candidate = { session, proof, ...presented };
    const { revocations, leases } = this.state;
    const refusal =
      (await revocations!.check(candidate)) ??
      (await leases!.enter(session, limit)) ??
      revocations!.refuseOutdated();
    if (refusal || this.#ledger.isRevoked(candidate) || leases!.hasLost(session, limit)) {
      leases!.release(session);
      return undefined;
    }
    const { time, live } = this;
    const begun = new SimulatedSession({ session, proof }, credential, {
      listener,
      time,
      live,
      leases,
    });
    live.add(begun);
    return begun;
  }

  /** Issues a ticket. */
  async issueTicket(userId: string): Promise<string> {
    this.time.enter(this);
    const issued = await this.#tickets.issue({ id: userId });
    return issued.ticket;
  }

  /** Spends a ticket, and returns the claims that it stands for; `undefined` if it is not valid. */
  presentTicket(ticket: string): Promise<Record<string, unknown> | undefined> {
    const strategy = Object.create(new TicketStrategy(this.link)) as TicketStrategy &
      StrategyActions;
    const headers = { authorization: `Bearer ${ticket}` };
    this.time.enter(this);
    return new Promise((resolve) => {
      const success = (_user: unknown, info: unknown) => resolve(info as Record<string, unknown>);
      const fail = () => resolve(undefined);
      Object.assign(strategy, { success, fail });
      void strategy.authenticate({ headers });
    });
  }

  #sessionsOf(userId: string): SimulatedSession[] {
    return this.live.ofUser(userId) as SimulatedSession[];
  }
}

/** Checked once, since the check takes longer than a turn of a hundred. */
const checked = moduleSettings({
  strategy: 'jwt',
  presence: true,
  sessionLimitScope: 'cluster',
  maxSessionsPerUser: limit.maxSessionsPerUser,
});

function settingsOf({ link, maxStalenessMs }: NodeFacts): ModuleSettings {
  return { ...checked, store: link, maxStalenessMs };
}

/** Sessions that are ended with their leases are looked up by their names. */
class LiveSessionsWithoutNames extends LiveSessions {
  override named(): LiveSession[] {
    return [];
  }
}
