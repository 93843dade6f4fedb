import type { StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';

/** How a node keeps up with the others. */
export interface RevocationSyncOptions {
  readonly store: WsAuthStore;
  /** Age in milliseconds at which what this node knows is out of date. */
  readonly maxStalenessMs: number;
  /** Called for each revocation, again for one that is read again. */
  apply(revocation: StoredRevocation): void;
  /** Called when this node has been cut off from the store for `maxStalenessMs`. */
  onLoss(): void;
}

/**
 * Keeps a node up to date with the revocations of all nodes.
 *
 * A message on the channel says only that there is something to read, so a lost, late, doubled or forged one changes
 * nothing: what counts is read from the store, at every message and several times within `maxStalenessMs`.
 */
export class RevocationSync {
  #cursor: string | undefined;
  #freshAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #again = false;
  #lost = false;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => Promise<void>) | undefined;

  constructor(private readonly options: RevocationSyncOptions) {}

  /** Whether the last reading is recent enough. */
  get isFresh(): boolean {
    return performance.now() - this.#freshAt <= this.options.maxStalenessMs;
  }

  /** Reads once, and from then on by itself. A store that cannot be reached is tried again. */
  async start(): Promise<void> {
    const { store, maxStalenessMs } = this.options;
    this.#freshAt = performance.now() - maxStalenessMs - 1;
    this.#unwatch = store.watch(() => void this.read());
    this.#timer = setInterval(() => void this.#tick(), Math.ceil(maxStalenessMs / 3));
    this.#timer.unref();
    await this.read();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#unwatch?.();
    await this.#reading;
  }

  /** Reads what is new. Calls that come meanwhile share one further reading. */
  async read(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#readAll().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    do {
      this.#again = false;
      const startedAt = performance.now();
      try {
        const page = await this.options.store.revocationsSince(this.#cursor);
        page.revocations.forEach((revocation) => this.options.apply(revocation));
        this.#cursor = page.cursor;
        this.#freshAt = startedAt;
        this.#lost = false;
      } catch {
        // Out of reach: what this node knows grows older, until it is too old.
        return;
      }
    } while (this.#again);
  }

  async #tick(): Promise<void> {
    await this.read();
    if (!this.isFresh && !this.#lost) {
      this.#lost = true;
      this.options.onLoss();
    }
  }
}
