/**
 * An instant by both clocks of a process. The wall clock may be set forth and back, and the monotonic one stands still while the machine
 * sleeps.
 */
export interface BothClocks {
  /** Epoch milliseconds. */
  readonly wall: number;
  /** Monotonic milliseconds. */
  readonly tick: number;
}

export function bothClocks(): BothClocks {
  return { wall: Date.now(), tick: performance.now() };
}

/** The instant after that time in milliseconds. */
export function after(ms: number, { wall, tick }: BothClocks = bothClocks()): BothClocks {
  return { wall: wall + ms, tick: tick + ms };
}

/** Time in milliseconds until both clocks have passed the end: what has to be remembered is forgotten then. */
export function longestUntil(end: BothClocks, now: BothClocks = bothClocks()): number {
  return Math.max(end.wall - now.wall, end.tick - now.tick);
}

/** Time in milliseconds until one clock has passed the end: what is good for a time is void then. */
export function shortestUntil(end: BothClocks, now: BothClocks = bothClocks()): number {
  return Math.min(end.wall - now.wall, end.tick - now.tick);
}

/** The later of two instants, by each clock. */
export function laterOf(one: BothClocks, other: BothClocks = one): BothClocks {
  return { wall: Math.max(one.wall, other.wall), tick: Math.max(one.tick, other.tick) };
}
