import { setImmediate as nextTurn } from 'node:timers/promises';
import { maxTimerMs } from '../policy/check-option.js';
import { inTime } from '../store/in-time.js';
import type { StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';
import { inPieces } from './in-pieces.js';

/** How a node keeps up with the others. */
export interface RevocationSyncOptions {
  readonly store: Pick<WsAuthStore, 'revocationsSince' | 'watch'>;
  /** Age in milliseconds at which what this node knows is out of date. */
  readonly maxStalenessMs: number;
  /** Called with the clock of the store, in epoch milliseconds, and the monotonic milliseconds at which it was asked. */
  onTime(now: number | undefined, askedAt: number): void;
  /** Called for each revocation, again for one that is read again. */
  apply(revocation: StoredRevocation): void;
  /**
   * Publishes what this node alone knows, after each reading. It delays no reading, and fails none: a store that refuses one write, or
   * needs long for many, is still one whose revocations this node receives. After a failure it is called again within a second.
   */
  publish(): Promise<void>;
  /** Called when this node has been disconnected from the store for `maxStalenessMs`. */
  onLoss(): void;
  /** Called when readings begin to fail. */
  onFailure(cause: unknown): void;
  /** Called when readings succeed again. */
  onRecovery(): void;
  /** Called when publications begin to fail. */
  onUnpublished(cause: unknown): void;
}

/** Longest pause in milliseconds after a reading or a publication that failed. */
const retryMs = 1_000;

/** Revocations that are asked for in one request. */
const pageSize = 1_000;

/**
 * Keeps a node up to date with the revocations of all nodes.
 *
 * A message on the channel only signals that there is something to read, so a lost, late, doubled or forged one changes
 * nothing: what counts is read from the store, at every message, three times within `maxStalenessMs`, and every second
 * while that fails.
 */
export class RevocationSync {
  #cursor: string | undefined;
  #freshAt = Number.NEGATIVE_INFINITY;
  #failing = false;
  /** Whether the last publication has failed. */
  #isUnpublished = false;
  #stopped = false;
  /** The last publication, which ends after those before it. */
  #publishing: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #nextReading: NodeJS.Timeout | undefined;
  #loss: NodeJS.Timeout | undefined;
  #unwatch: (() => Promise<void>) | undefined;

  constructor(private readonly options: RevocationSyncOptions) {}

  /** Whether the last reading that succeeded is recent enough. */
  get isFresh(): boolean {
    return performance.now() - this.#freshAt <= this.options.maxStalenessMs;
  }

  /** Whether sessions may go on no longer, since this node does not know what others have revoked. */
  get isLost(): boolean {
    return !this.#stopped && !this.isFresh;
  }

  /** Whether that was the last one, so that the store is there as far as one knows. */
  get isHealthy(): boolean {
    return this.isFresh && !this.#failing;
  }

  /** Reads once, and from then on by itself. A store that cannot be reached is tried again. */
  async start(): Promise<void> {
    this.#unwatch = this.options.store.watch(() => void this.read());
    await this.read();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#nextReading);
    clearTimeout(this.#loss);
    await this.#unwatch?.();
    await this.#reading;
    await this.#publishing;
  }

  /** Reads what is new. Calls that come meanwhile share one further reading, since theirs may have missed something. */
  read(): Promise<void> {
    if (this.#reading) {
      this.#following ??= this.#reading.then(() => {
        this.#following = undefined;
        return this.read();
      });
      return this.#following;
    }
    this.#reading = this.#readOnce().finally(() => {
      this.#reading = undefined;
      this.#planNext();
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    try {
      this.#succeed(await this.#readPages());
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    this.#publishing = this.#publish();
  }

  async #publish(): Promise<void> {
    try {
      await this.options.publish();
      this.#isUnpublished = false;
    } catch (cause) {
      if (!this.#isUnpublished) {
        this.#isUnpublished = true;
        this.options.onUnpublished(cause);
        this.#planNext();
      }
    }
  }

  /**
   * Reads and applies page after page, and returns when the last one was asked for: what was added before is known now. The
   * cursor moves once a page is applied, so a reading that fails is continued there.
   */
  async #readPages(): Promise<number> {
    // A node that has just begun has no sessions that a revocation of the past could end.
    const isFirst = this.#freshAt === Number.NEGATIVE_INFINITY;
    for (;;) {
      const askedAt = performance.now();
      // A reading that never ended would be the last one, and the node would not notice that its store is back.
      const page = await inTime(this.options.store.revocationsSince(this.#cursor, pageSize));
      this.options.onTime(page.now, askedAt);
      const relevant = page.revocations.filter(({ rememberMs }) => !isFirst || rememberMs > 0);
      await inPieces(relevant, (revocation) => this.options.apply(revocation));
      // A store that stays where it is would be read for ever.
      const isLast = !page.more || page.cursor === this.#cursor;
      this.#cursor = page.cursor;
      if (isLast || this.#stopped) {
        return askedAt;
      }
      await nextTurn();
    }
  }

  #succeed(upToDateAt: number): void {
    const { options } = this;
    this.#freshAt = upToDateAt;
    clearTimeout(this.#loss);
    if (!this.#stopped) {
      const delay = options.maxStalenessMs - (performance.now() - upToDateAt) + 1;
      this.#loss = setTimeout(() => options.onLoss(), Math.min(Math.max(delay, 1), maxTimerMs));
      this.#loss.unref();
    }
    if (this.#failing) {
      this.#failing = false;
      options.onRecovery();
    }
  }

  #fail(cause: unknown): void {
    if (!this.#failing && !this.#stopped) {
      this.#failing = true;
      this.options.onFailure(cause);
    }
  }

  #planNext(): void {
    clearTimeout(this.#nextReading);
    if (!this.#stopped) {
      const regular = Math.ceil(this.options.maxStalenessMs / 3);
      const isBehind = this.#failing || this.#isUnpublished;
      const pause = isBehind ? Math.min(regular, retryMs) : regular;
      this.#nextReading = setTimeout(() => void this.read(), pause);
      this.#nextReading.unref();
    }
  }
}
