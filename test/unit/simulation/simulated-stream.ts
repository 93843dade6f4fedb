import type { RevocationPage, StoredRevocation } from '../../../lib/store/ws-auth-store.js';

interface Entry {
  /** What Redis calls it, and what tells it from another one that has the same id on another primary. */
  readonly id: string;
  /** Epoch milliseconds by the clock of the primary, never before the entry before it. */
  readonly addedAt: number;
  readonly sequence: number;
  readonly revocation: StoredRevocation;
}

/** The stream of revocations: what `XADD` and the script that reads it do. */
export class SimulatedStream {
  #entries: Entry[] = [];
  #last = { addedAt: 0, sequence: 0 };

  /** @param cursorNamesEntry D6: without this rule a cursor is an instant, and everything is new only if the newest entry is older */
  constructor(private readonly cursorNamesEntry: boolean) {}

  add(revocation: StoredRevocation, clock: number): void {
    const last = this.#last;
    const addedAt = Math.max(clock, last.addedAt);
    const sequence = addedAt === last.addedAt ? last.sequence + 1 : 0;
    this.#last = { addedAt, sequence };
    const id = `${addedAt}-${sequence} ${digestOf(revocation)}`;
    this.#entries.push({ id, addedAt, sequence, revocation });
  }

  /** @param oldest epoch milliseconds */
  trim(oldest: number): void {
    this.#entries = this.#entries.filter(({ addedAt }) => addedAt >= oldest);
  }

  since(cursor: string | undefined, clock: number): RevocationPage {
    const last = this.#entries.at(-1)?.id;
    if (cursor !== undefined && cursor === last) {
      return { revocations: [], cursor, now: clock };
    }
    const fresh = this.#entries.slice(this.#placeAfter(cursor));
    const revocations = fresh.map(({ addedAt, revocation }) => ({
      ...revocation,
      rememberMs: Math.max(0, revocation.rememberMs - Math.max(0, clock - addedAt)),
    }));
    return { revocations, cursor: last ?? cursor ?? '0-0', now: clock };
  }

  #placeAfter(cursor: string | undefined): number {
    const place = this.#entries.findLastIndex(({ id }) => id === cursor);
    if (place >= 0 || this.cursorNamesEntry || cursor === undefined) {
      return place + 1;
    }
    const [addedAt = 0, sequence = 0] = cursor.split(/[- ]/).map(Number);
    const isNewer = (entry: Entry) =>
      entry.addedAt > addedAt || (entry.addedAt === addedAt && entry.sequence > sequence);
    return Math.max(0, this.#entries.findIndex(isNewer));
  }
}

const digests = new WeakMap<StoredRevocation, number>();
let last = 0;

/** Different for each revocation, and the same on every replica. */
function digestOf(revocation: StoredRevocation): number {
  const known = digests.get(revocation);
  if (known === undefined) {
    last += 1;
    digests.set(revocation, last);
  }
  return known ?? last;
}
