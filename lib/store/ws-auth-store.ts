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
  readonly maxPerUser: number;
  readonly maxTotal: number;
}

/** Whose sessions a revocation ends. */
export type RevocationKind = 'user' | 'token' | 'session' | 'everybody';

/** The statement "no session of X issued before T is valid". */
export interface StoredRevocation {
  readonly kind: RevocationKind;
  /** Key of the user, the token or the session; empty for everybody. */
  readonly id: string;
  /** Epoch milliseconds; credentials issued at or before it are revoked. Means nothing for a token or a session. */
  readonly before: number;
  /**
   * Time in milliseconds for which it is kept: as long as a credential that it concerns may live. Of one that is read, what
   * is left of it: 0 or less, if its time is over.
   */
  readonly rememberMs: number;
  /** Text for the close frame. */
  readonly reason?: string;
  /** A session that stays open. */
  readonly exceptSessionId?: string;
}

/** What a credential is held against. */
export interface RevocationQuestion {
  readonly userId?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Epoch milliseconds; one that cannot tell is revoked with its user, since it may be older. */
  readonly issuedAt?: number | undefined;
}

/** Revocations in the order in which they were added, and where to go on reading. */
export interface RevocationPage {
  readonly revocations: readonly StoredRevocation[];
  readonly cursor: string;
}

/**
 * What nodes share: tickets and revocations.
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
  /** Keeps a revocation, and tells the nodes. Of several for one id the latest instant counts, and the longest time. */
  addRevocation(revocation: StoredRevocation): Promise<void>;
  /** MUST NOT say no for something it cannot read. */
  isRevoked(question: RevocationQuestion): Promise<boolean>;
  /**
   * Revocations that were added after the cursor, or all that are kept: also if the cursor is not of this store, or of what
   * it held before it lost its data. MUST skip entries it cannot read.
   */
  revocationsSince(cursor: string | undefined): Promise<RevocationPage>;
  /**
   * Calls back soon after a node has added a revocation, and whenever something may have been missed. It MAY call back for
   * nothing, since the callback reads what there is.
   *
   * @returns a function that stops it
   */
  watch(onChange: () => void): () => Promise<void>;
}
