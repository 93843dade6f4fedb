import { after, bothClocks, laterOf, longestUntil, type BothClocks } from '../store/both-clocks.js';

/** What a credential is judged by. */
interface RevocableCredential {
  readonly userId: string | undefined;
  readonly tokenIds: readonly string[];
  readonly issuedAt: number | undefined;
  /** Epoch milliseconds by the clock of this node, of a credential that was accepted a moment ago. */
  readonly acceptedAt?: number | undefined;
  /** Monotonic milliseconds of the same instant, if it is known that exactly. */
  readonly acceptedTick?: number | undefined;
}

/** Credentials issued by `before` are revoked, and those presented to this node by `presentedBefore`. Both in epoch milliseconds. */
interface RevokedBefore {
  readonly before: number;
  /**
   * By the clock of this node, which may differ from the one that `before` is of.
   *
   * @default `before`
   */
  readonly presentedBefore?: number;
}

/** `heardAt` is when this node received it, in epoch milliseconds. `heardTick` is the same in monotonic milliseconds. */
interface Instant extends Required<RevokedBefore> {
  readonly heardAt: number;
  readonly heardTick: number;
}

/** Time in milliseconds by which a revocation may seem to be kept for longer when it is read again: it was on its way. */
const transitMs = 1_000;

/**
 * The statements "no session of X issued before T is valid", in memory and bounded: each is forgotten when the credentials
 * it concerns have expired, but for the one instant before which everybody's are revoked.
 */
export class Revocations {
  readonly #tokens = new Map<string, BothClocks>();
  readonly #users = new Map<string, Instant & { readonly forgetAt: BothClocks }>();
  #everybody: Instant | undefined;
  /** Monotonic milliseconds. */
  #sweepAt = 0;

  get size(): number {
    return this.#tokens.size + this.#users.size;
  }

  /** Whether nothing is revoked at all, which is how it is on most connections. */
  get isEmpty(): boolean {
    return this.size === 0 && this.#everybody === undefined;
  }

  /** Whether a token is revoked for that time already. */
  covers(tokenId: string, rememberMs: number): boolean {
    const forgetAt = this.#tokens.get(tokenId);
    const leftMs = forgetAt ? longestUntil(forgetAt) : 0;
    return leftMs > 0 && leftMs + transitMs >= rememberMs;
  }

  revokeToken(tokenId: string, rememberMs: number): void {
    this.#sweep();
    this.#tokens.set(tokenId, laterOf(after(rememberMs), this.#tokens.get(tokenId)));
  }

  revokeUser(userId: string, revoked: RevokedBefore, rememberMs: number): void {
    const { before, presentedBefore = before } = revoked;
    if (!Number.isFinite(before)) {
      return;
    }
    this.#sweep();
    const earlier = this.#users.get(userId);
    this.#users.set(userId, {
      before: Math.max(before, earlier?.before ?? before),
      presentedBefore: Math.max(presentedBefore, earlier?.presentedBefore ?? presentedBefore),
      ...heardNow(),
      forgetAt: laterOf(after(rememberMs), earlier?.forgetAt),
    });
  }

  revokeEverybody(before: number): void {
    if (Number.isFinite(before)) {
      const latest = Math.max(before, this.#everybody?.before ?? before);
      this.#everybody = { before: latest, presentedBefore: latest, ...heardNow() };
    }
  }

  /**
   * Whether a credential is revoked. One issued at the very instant is, and so is one without a time of issue:
   * it may be older.
   */
  isRevoked(credential: RevocableCredential): boolean {
    const { userId, tokenIds } = credential;
    const now = bothClocks();
    const isKept = (forgetAt: BothClocks | undefined): boolean =>
      forgetAt !== undefined && longestUntil(forgetAt, now) > 0;
    if (tokenIds.some((id) => isKept(this.#tokens.get(id)))) {
      return true;
    }
    const ofUser = userId === undefined ? undefined : this.#users.get(userId);
    return (
      concerns(this.#everybody, credential) ||
      (isKept(ofUser?.forgetAt) && concerns(ofUser, credential))
    );
  }

  /** Forgets what has expired, at most once a second, however fast revocations come in. */
  #sweep(): void {
    const now = bothClocks();
    if (now.tick < this.#sweepAt) {
      return;
    }
    this.#sweepAt = now.tick + 1_000;
    for (const [tokenId, forgetAt] of this.#tokens) {
      if (longestUntil(forgetAt, now) <= 0) {
        this.#tokens.delete(tokenId);
      }
    }
    for (const [userId, { forgetAt }] of this.#users) {
      if (longestUntil(forgetAt, now) <= 0) {
        this.#users.delete(userId);
      }
    }
  }
}

/**
 * A revocation that arrives after a credential was accepted concerns it, whatever the clock of the issuer shows. One that arrived
 * before concerns what was issued by then.
 */
function concerns(instant: Instant | undefined, credential: RevocableCredential): boolean {
  if (!instant) {
    return false;
  }
  const { issuedAt, acceptedAt = Number.POSITIVE_INFINITY } = credential;
  const { before, presentedBefore } = instant;
  const isLate = acceptedAt <= presentedBefore && isLearnedLater(instant, credential);
  return isLate || issuedAt === undefined || issuedAt <= before;
}

function isLearnedLater(
  { heardAt, heardTick }: Instant,
  { acceptedAt = Number.POSITIVE_INFINITY, acceptedTick }: RevocableCredential,
): boolean {
  return acceptedTick === undefined ? heardAt > acceptedAt : heardTick > acceptedTick;
}

function heardNow(): Pick<Instant, 'heardAt' | 'heardTick'> {
  return { heardAt: Date.now(), heardTick: performance.now() };
}
