const nothing: ReadonlySet<never> = new Set<never>();

/** The slots of all clients, or of one address. */
export class PendingPot<Holder> {
  /** Slots that are taken. */
  used = 0;
  #evictable: Set<Holder> | undefined;

  /** @param limit slots there are */
  constructor(readonly limit: number) {}

  get isFull(): boolean {
    return this.used >= this.limit;
  }

  /** Whether a client may take a slot, if need be that of {@link oldest}. */
  admits(presenting: boolean): boolean {
    return !this.isFull || (presenting && (this.#evictable ?? nothing).size > 0);
  }

  /** The holder that loses its slot next. */
  get oldest(): Holder | undefined {
    for (const holder of this.#evictable ?? nothing) {
      return holder;
    }
    return undefined;
  }

  /** From now on the holder may lose its slot. */
  mayEvict(holder: Holder): void {
    (this.#evictable ??= new Set()).add(holder);
  }

  /** From now on the holder keeps its slot. */
  keep(holder: Holder): void {
    this.#evictable?.delete(holder);
  }
}
