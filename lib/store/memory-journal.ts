import { bothClocks, laterOf, longestUntil, type BothClocks } from './both-clocks.js';
import type { RevocationPage, StoredRevocation } from './ws-auth-store.js';

interface Entry {
  readonly sequence: number;
  readonly key: string;
  readonly revocation: StoredRevocation;
  readonly forgetAt: BothClocks;
}

/** What counts of a revocation, in epoch milliseconds, and until when. */
export interface KeptInstant {
  readonly before: number;
  readonly forgetAt: BothClocks;
}

/** Journal of revocations in the order in which they were added. Of several for one key it returns the latest. */
export class MemoryJournal {
  /** Ascending by sequence. An entry that is not the latest of its key is skipped, and dropped by the next sweep. */
  #entries: Entry[] = [];
  readonly #latest = new Map<string, Entry>();
  #sequence = 0;

  add(key: string, revocation: StoredRevocation, forgetAt: BothClocks): void {
    const said = { before: revocation.before, forgetAt };
    const earlier = this.#latest.get(key);
    const kept = later(
      said,
      earlier && { before: earlier.revocation.before, forgetAt: earlier.forgetAt },
    );
    this.#sequence += 1;
    const entry = {
      sequence: this.#sequence,
      key,
      revocation: { ...revocation, before: kept.before },
      forgetAt: kept.forgetAt,
    };
    this.#entries.push(entry);
    this.#latest.set(key, entry);
  }

  /** Reads at most `limit` entries after the cursor, or all if the cursor is not of this journal. */
  since(cursor: string | undefined, limit: number): RevocationPage {
    const read = Number(cursor ?? 0);
    const now = bothClocks();
    const revocations: StoredRevocation[] = [];
    let index = this.#indexAfter(read <= this.#sequence ? read : 0);
    for (; index < this.#entries.length && revocations.length < limit; index += 1) {
      const { key, sequence, revocation, forgetAt } = this.#entries[index]!;
      if (this.#latest.get(key)?.sequence === sequence) {
        revocations.push({ ...revocation, rememberMs: Math.max(0, longestUntil(forgetAt, now)) });
      }
    }
    return index < this.#entries.length
      ? { revocations, cursor: String(this.#entries[index]!.sequence - 1), more: true }
      : { revocations, cursor: String(this.#sequence) };
  }

  /** Forgets entries whose time is over. */
  sweep(now: BothClocks): void {
    this.#entries = this.#entries.filter((entry) => {
      const isLatest = this.#latest.get(entry.key) === entry;
      const isOver = longestUntil(entry.forgetAt, now) <= 0;
      if (isLatest && isOver) {
        this.#latest.delete(entry.key);
      }
      return isLatest && !isOver;
    });
  }

  /** Index of the first entry after a sequence number, found by halving: the journal may hold many. */
  #indexAfter(sequence: number): number {
    let [from, to] = [0, this.#entries.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#entries[middle]!.sequence > sequence) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return from;
  }
}

/** The later instant and the longer time of two. */
export function later(said: KeptInstant, earlier: KeptInstant = said): KeptInstant {
  return {
    before: Math.max(said.before, earlier.before),
    forgetAt: laterOf(said.forgetAt, earlier.forgetAt),
  };
}
