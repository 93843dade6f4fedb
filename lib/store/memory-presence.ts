/** What a node has published, and until when. */
interface Published {
  readonly records: Map<string, string>;
  /** Monotonic milliseconds. */
  endsAt: number;
}

/** Which sessions users have on which node, for several applications in one process. */
export class MemoryPresence {
  readonly #nodes = new Map<string, Published>();

  put(node: string, records: ReadonlyMap<string, string | undefined>, leaseMs: number): boolean {
    this.#sweep();
    const known = this.#nodes.get(node);
    const published: Published = known ?? { records: new Map(), endsAt: 0 };
    published.endsAt = performance.now() + leaseMs;
    this.#nodes.set(node, published);
    for (const [userId, record] of records) {
      if (record === undefined) {
        published.records.delete(userId);
      } else {
        published.records.set(userId, record);
      }
    }
    return known !== undefined;
  }

  of(userId: string): { node: string; record: string }[] {
    this.#sweep();
    return [...this.#nodes].flatMap(([node, { records }]) => {
      const record = records.get(userId);
      return record === undefined ? [] : [{ node, record }];
    });
  }

  end(node: string): void {
    this.#nodes.delete(node);
  }

  #sweep(): void {
    const now = performance.now();
    for (const [node, { endsAt }] of this.#nodes) {
      if (endsAt <= now) {
        this.#nodes.delete(node);
      }
    }
  }
}
