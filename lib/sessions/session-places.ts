import { Refusal } from '../protocol/refusal.js';
import type {
  PlaceClaim,
  SessionPlace,
  StoredRevocation,
  WsAuthStore,
} from '../store/ws-auth-store.js';
import type { WsAuthSession } from './session.js';

/** How many sessions a user may have on all nodes, and what becomes of one too many. */
export interface PlaceLimit {
  readonly maxSessionsPerUser: number;
  readonly onLimit: PlaceClaim['onLimit'];
}

/** What the places of sessions are kept in, and who is concerned. */
export interface SessionPlacesOptions {
  readonly store: Pick<
    WsAuthStore,
    'claimPlace' | 'renewPlaces' | 'releasePlace' | 'addRevocation'
  >;
  /** Time in milliseconds after which the places of a node that has died are free again. */
  readonly leaseMs: number;
  readonly isLive: (sessionId: string) => boolean;
  /** Ends a session of this process that has lost its place. */
  apply(revocation: StoredRevocation): void;
}

/** A place of this process. */
interface HeldPlace extends SessionPlace {
  /** Monotonic milliseconds. */
  readonly claimedAt: number;
}

/**
 * Counts the sessions of users on all nodes: each takes a place in the common store, on a lease that its node renews.
 */
export class SessionPlaces {
  readonly #held = new Map<string, HeldPlace>();
  readonly #releasing = new Set<Promise<void>>();
  readonly #renewal: NodeJS.Timeout;

  constructor(private readonly options: SessionPlacesOptions) {
    this.#renewal = setInterval(() => void this.#renew(), Math.ceil(options.leaseMs / 4));
    this.#renewal.unref();
  }

  /**
   * Takes a place for a session that is about to begin. Refuses it if there is none, or if the store does not tell. Where
   * the oldest session makes room, it does so in {@link makeRoom}, once the newest is there.
   */
  async enter(session: WsAuthSession, limit: PlaceLimit): Promise<Refusal | undefined> {
    const claim = limit.onLimit === 'refuse' && this.#claimOf(session, limit);
    if (!claim) {
      return undefined;
    }
    try {
      const answer = await this.#claim(claim);
      return answer === 'full' ? new Refusal('ERR_WS_AUTH_TOO_MANY_SESSIONS') : undefined;
    } catch (cause) {
      return new Refusal('ERR_WS_AUTH_UNAVAILABLE', { cause });
    }
  }

  /**
   * Takes a place for a session that has begun, and ends the oldest of its user if there are too many.
   *
   * @throws {WsAuthStoreError} if the store does not tell: then nobody knows whether there are.
   */
  async makeRoom(session: WsAuthSession, limit: PlaceLimit): Promise<void> {
    const claim = limit.onLimit === 'closeOldest' && this.#claimOf(session, limit);
    if (!claim) {
      return;
    }
    const replaced = await this.#claim(claim);
    if (!this.options.isLive(session.id)) {
      this.release(session);
    }
    for (const id of replaced === 'full' ? [] : replaced) {
      const revocation: StoredRevocation = {
        kind: 'replaced',
        id,
        before: Date.now(),
        rememberMs: this.options.leaseMs,
      };
      this.options.apply(revocation);
      await this.options.store.addRevocation(revocation);
    }
  }

  /** Gives a place back, if the session has one. Nobody waits for it: a place that is not given back ends with its lease. */
  release({ id }: WsAuthSession): void {
    const place = this.#held.get(id);
    if (place) {
      this.#held.delete(id);
      const releasing = this.options.store.releasePlace(place).catch(ignore);
      this.#releasing.add(releasing);
      void releasing.then(() => this.#releasing.delete(releasing));
    }
  }

  /** Ends the renewals, and waits for the places that are being given back. */
  async stop(): Promise<void> {
    clearInterval(this.#renewal);
    await Promise.all(this.#releasing);
  }

  #claimOf({ id, userId }: WsAuthSession, limit: PlaceLimit): PlaceClaim | undefined {
    const { maxSessionsPerUser, onLimit } = limit;
    return userId === undefined || maxSessionsPerUser === Number.POSITIVE_INFINITY
      ? undefined
      : {
          userId,
          sessionId: id,
          limit: maxSessionsPerUser,
          leaseMs: this.options.leaseMs,
          onLimit,
        };
  }

  async #claim(claim: PlaceClaim) {
    const answer = await this.options.store.claimPlace(claim);
    if (answer !== 'full') {
      const { userId, sessionId } = claim;
      this.#held.set(sessionId, { userId, sessionId, claimedAt: performance.now() });
    }
    return answer;
  }

  async #renew(): Promise<void> {
    const { store, leaseMs, isLive } = this.options;
    const live = [...this.#held.values()].filter(({ sessionId }) => isLive(sessionId));
    this.#forgetNeverBegun();
    await store.renewPlaces(live, leaseMs).catch(ignore);
  }

  /** A connection may fail after it has taken its place; what is not renewed is free by now. */
  #forgetNeverBegun(): void {
    const { leaseMs, isLive } = this.options;
    for (const { sessionId, claimedAt } of this.#held.values()) {
      if (!isLive(sessionId) && performance.now() - claimedAt > leaseMs) {
        this.#held.delete(sessionId);
      }
    }
  }
}

/** The next renewal tries again, and the node notices elsewhere that it has lost its store. */
function ignore(): void {}
