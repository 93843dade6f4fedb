/**
 * The instant at which a session ends at the latest, whatever credentials follow the first: `maxSessionAgeMs` after its first
 * authentication, by the wall clock and by the monotonic clock.
 */
export class LongestLife {
  /** Epoch milliseconds. */
  readonly endsAt: number;
  /** Monotonic milliseconds. */
  readonly monotonicEnd: number;

  private constructor(endsAt: number) {
    this.endsAt = endsAt;
    this.monotonicEnd = performance.now() + (endsAt - Date.now());
  }

  /**
   * Returns `undefined` where sessions have no longest life.
   *
   * @param authenticatedAt epoch milliseconds of the first authentication
   */
  static of(authenticatedAt: number, maxSessionAgeMs: number): LongestLife | undefined {
    return Number.isFinite(maxSessionAgeMs)
      ? new LongestLife(authenticatedAt + maxSessionAgeMs)
      : undefined;
  }
}
