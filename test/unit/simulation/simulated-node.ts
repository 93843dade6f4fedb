import { WsAuthHealth } from '../../../lib/cluster/ws-auth-health.service.js';
import { moduleSettings } from '../../../lib/module/module-settings.js';
import { NodeState } from '../../../lib/module/node-state.js';
import { ClusterSessions } from '../../../lib/sessions/cluster-sessions.js';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import { LiveSessions } from '../../../lib/sessions/live-sessions.js';
import { declaredProof } from '../../../lib/sessions/proof.js';
import { RevocationLedger } from '../../../lib/sessions/revocation-ledger.js';
import { SessionDrain } from '../../../lib/sessions/session-drain.js';
import { WsAuthSessions } from '../../../lib/sessions/ws-auth-sessions.service.js';
import type { StrategyActions } from '../../../lib/passport/strategy.js';
import { ticketSettings } from '../../../lib/tickets/ticket-settings.js';
import { TicketStrategy } from '../../../lib/tickets/ticket.strategy.js';
import { WsTickets } from '../../../lib/tickets/ws-tickets.service.js';
import { sessionOf } from '../sessions/live-session-fakes.js';
import type { SimulatedLink } from './simulated-link.js';
import type { Machine, VirtualTime } from './virtual-time.js';

/** A token or a ticket, with the true instant of its issue by the clock that counts for it, in epoch milliseconds. */
export interface Credential {
  readonly userId: string;
  readonly issuedAt: number;
  readonly info: Readonly<Record<string, unknown>>;
}

/** Sessions that a user may have on all nodes. */
export const limit = { maxSessionsPerUser: 2, onLimit: 'refuse' } as const;

const ticketOptions = { ttlMs: 60_000, maxPerUser: 100, maxTotal: 1_000 };
const keyOf = (user: object) => (user as { readonly id?: string }).id;

/** A node of the cluster: the classes of `lib`, without sockets. */
export class SimulatedNode implements Machine {
  readonly live = new LiveSessions();
  readonly state: NodeState;
  readonly sessions: WsAuthSessions;
  readonly credentials = new WeakMap<LiveSession, Credential>();
  readonly #tickets: WsTickets;
  readonly #ledger = new RevocationLedger(this.live);
  isDead = false;
  isDraining = false;

  constructor(
    readonly link: SimulatedLink,
    readonly skewMs: number,
    readonly maxStalenessMs: number,
    private readonly time: VirtualTime,
  ) {
    const cluster = new ClusterSessions();
    const settings = moduleSettings({
      strategy: 'jwt',
      store: link,
      maxStalenessMs,
      sessionLimitScope: 'cluster',
      maxSessionsPerUser: limit.maxSessionsPerUser,
    });
    // Its timers end with it.
    this.state = time.runOn(
      this,
      () => new NodeState(settings, this.live, this.#ledger, new WsAuthHealth(), cluster),
    );
    this.#tickets = new WsTickets(
      ticketSettings(ticketOptions, { store: link, userId: keyOf }),
      this.live,
    );
    const drain = new SessionDrain(this.live, () => undefined);
    this.sessions = new WsAuthSessions(this.live, { ledger: this.#ledger, drain, cluster });
  }

  /** Revokes what a user has, on all nodes. */
  revoke(userId: string): Promise<number> {
    return this.time.runOn(this, () => this.sessions.revoke({ userId }));
  }

  connect(credential: Credential, onEnd: () => void): Promise<LiveSession | undefined> {
    return this.time.runOn(this, () => this.#connect(credential, onEnd));
  }

  /** Issues a ticket. */
  async issueTicket(userId: string): Promise<string> {
    const issued = await this.time.runOn(this, () => this.#tickets.issue({ id: userId }));
    return issued.ticket;
  }

  /** Spends a ticket, and returns the claims that it stands for; `undefined` if it is not valid. */
  presentTicket(ticket: string): Promise<Record<string, unknown> | undefined> {
    const strategy = Object.create(new TicketStrategy(this.link)) as TicketStrategy &
      StrategyActions;
    const headers = { authorization: `Bearer ${ticket}` };
    return new Promise((resolve) => {
      const success = (_user: unknown, info: unknown) => resolve(info as Record<string, unknown>);
      const fail = () => resolve(undefined);
      Object.assign(strategy, { success, fail });
      void this.time.runOn(this, () => strategy.authenticate({ headers }));
    });
  }

  /** Begins a session in the order of steps in which the authenticator and the admission do. */
  async #connect(credential: Credential, onEnd: () => void): Promise<LiveSession | undefined> {
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
    return this.#begin({ session, proof }, credential, onEnd);
  }

  #begin(
    facts: Pick<LiveSession, 'session' | 'proof'>,
    credential: Credential,
    onEnd: () => void,
  ): LiveSession {
    const end = () => {
      this.live.delete(live);
      this.state.leases!.release(facts.session);
      onEnd();
    };
    const live: LiveSession = {
      ...facts,
      end,
      leave: end,
      announceLeaving: () => undefined,
      refresh: () => facts.session,
    };
    this.credentials.set(live, credential);
    this.live.add(live);
    return live;
  }
}
