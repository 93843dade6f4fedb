/** A ticket at rest: its digest, never itself. */
export interface StoredTicket {
  /** SHA-256 of the ticket, base64url. */
  readonly digest: string;
  /** Key of the user it stands for. */
  readonly userId: string;
  /** JSON, opaque to the store. */
  readonly payload: string;
  /** Life in milliseconds by the clock of the store. */
  readonly ttlMs: number;
}

/** Bounds on tickets that are not spent, each at least 1. The oldest make room for new ones. */
export interface TicketLimits {
  /** Tickets of one user. */
  readonly maxPerUser: number;
  /** Tickets of all users together. */
  readonly maxTotal: number;
}

/**
 * Whose sessions a revocation ends. One that is `replaced` has made room for a newer one of its user: it ends, and nothing
 * is remembered of its credential. The same holds for sessions that are disconnected, all of a user or one.
 */
export type RevocationKind =
  'user' | 'token' | 'session' | 'everybody' | 'replaced' | 'disconnectUser' | 'disconnectSession';

/** The statement "no session of X issued before T is valid". */
export interface StoredRevocation {
  /** What `id` names. */
  readonly kind: RevocationKind;
  /** Key of the user, the token or the session; empty for all users. */
  readonly id: string;
  /** Credentials issued at or before this instant, in epoch milliseconds, are revoked. It counts for one user and for all users. */
  readonly before: number;
  /**
   * Time in milliseconds for which it is kept: as long as a credential that it concerns may live. Of one that is read, what
   * is left of it: 0 or less, if its time is over.
   */
  readonly rememberMs: number;
  /** Text for the close frame. */
  readonly reason?: string;
  /** Code for the close frame of a session that is disconnected. */
  readonly code?: number;
  /** A session that stays open. */
  readonly exceptSessionId?: string;
}

/** The facts of a credential that a store compares with its revocations. */
export interface RevocationQuestion {
  /** Key of the user. */
  readonly userId?: string | undefined;
  /** `jti` of the token, or its digest. */
  readonly tokenId?: string | undefined;
  /** Further names of what the client presents. It is revoked if any of them is. */
  readonly tokenIds?: readonly string[] | undefined;
  /** Session that asked for a ticket. */
  readonly sessionId?: string | undefined;
  /** When the credential was issued, in epoch milliseconds; one without a time is revoked with its user, since it may be older. */
  readonly issuedAt?: number | undefined;
}

/** Revocations in the order in which they were added, and where to go on reading. */
export interface RevocationPage {
  /** The revocations of the page, oldest first. */
  readonly revocations: readonly StoredRevocation[];
  /** Where the next page begins: opaque. */
  readonly cursor: string;
  /**
   * Whether there are more revocations after the cursor, since `limit` ended the page.
   *
   * @default false
   */
  readonly more?: boolean;
  /**
   * Epoch milliseconds by the clock of the store, as `now()` states it. A node dates by it what it has to remember of a revocation
   * that it could not publish.
   */
  readonly now?: number;
}

/** Names the lease of a session, on any node. */
export interface SessionLease {
  /** Key of the user. */
  readonly userId: string;
  /** Session that has it. */
  readonly sessionId: string;
}

/** What a node has published about a user, or about itself. */
export interface NodeRecord {
  /** Name of the node. */
  readonly node: string;
  /** JSON, opaque to the store. */
  readonly record: string;
}

/** A request for a lease: the place of a session in a limit that all nodes share. */
export interface LeaseClaim extends SessionLease {
  /** Leases that the user has in all, at least 1. */
  readonly limit: number;
  /** Time in milliseconds after which the lease is free again unless it is renewed. */
  readonly leaseMs: number;
  /** What happens if none is free: nothing, or the oldest sessions are evicted. */
  readonly onLimit: 'refuse' | 'closeOldest';
}

/** The answer to a claim: no lease is free, or the ids of the sessions that have lost theirs. */
export type LeaseAnswer = 'full' | readonly string[];

/**
 * What nodes share: tickets, revocations, and the leases of sessions where a user may have only so many.
 *
 * An answer of another type than the one stated here counts as a failure of the store.
 *
 * Every method MUST reject rather than wait when the store cannot be reached, and MUST NOT answer from a copy that may be
 * out of date: a caller that gets no answer refuses.
 *
 * @publicApi
 */
export interface WsAuthStore {
  /** Stores a ticket; beyond the limits the oldest tickets are dropped, never the new one. */
  putTicket(ticket: StoredTicket, limits: TicketLimits): Promise<void>;
  /** Returns the payload and forgets it, in one step: of any number of concurrent callers one gets it. */
  takeTicket(digest: string): Promise<string | undefined>;
  /** Keeps a revocation, and publishes it to the nodes. Of several for one id the latest instant counts, and the longest time. */
  addRevocation(revocation: StoredRevocation): Promise<void>;
  /** Whether a credential is revoked. MUST NOT return false for something it cannot read. */
  isRevoked(question: RevocationQuestion): Promise<boolean>;
  /**
   * Revocations that were added after the cursor, or all that are kept: also if the cursor is not of this store, or of what
   * it held before it lost its data. MUST skip entries it cannot read.
   *
   * @param limit number of entries after which a page ends, with `more`. A store may ignore it and return all, and then the
   *   caller works through them in pieces.
   */
  revocationsSince(cursor: string | undefined, limit?: number): Promise<RevocationPage>;
  /**
   * Claims a lease in one step: concurrent callers never receive more than the limit. A lease that has expired is free.
   */
  claimLease(claim: LeaseClaim): Promise<LeaseAnswer>;
  /** Extends leases, also those that were lost meanwhile: their sessions are there, whether there is room or not. */
  renewLeases(leases: readonly SessionLease[], leaseMs: number): Promise<void>;
  /** Releases a lease. Does nothing for one that is free already. */
  releaseLease(lease: SessionLease): Promise<void>;
  /**
   * The time by the clock of the store, in epoch milliseconds. With it, revocations of users and tickets are dated by one
   * clock, however far the clocks of nodes differ. Without it each node dates them by its own.
   */
  now?(): Promise<number>;
  /**
   * Publishes which sessions users have on a node: a record for each user, or `undefined` for one without a session, and under the
   * empty key, which no user has, a record of the node itself. All that the node has published is forgotten after `leaseMs`, unless it
   * publishes again, be it nothing.
   *
   * A store without these three methods cannot have the option `presence`.
   *
   * @returns whether anything of the node was known: if not, the node publishes all of it again
   */
  putPresence?(
    node: string,
    records: ReadonlyMap<string, string | undefined>,
    leaseMs: number,
  ): Promise<boolean>;
  /** Records of a user, one for each node that has published one and has not been forgotten. */
  presenceOf?(userId: string): Promise<readonly NodeRecord[]>;
  /** Forgets a node that shuts down. */
  endPresence?(node: string): Promise<void>;
  /**
   * What the operator should change, one sentence each, logged once when a node starts. It MUST NOT hold a value that is stored.
   */
  advice?(): Promise<readonly string[]>;
  /**
   * Calls back soon after a node has added a revocation, and whenever something may have been missed. It MAY call back for
   * nothing, since the callback reads what there is.
   *
   * @returns a function that stops it
   */
  watch(onChange: () => void): () => Promise<void>;
}
