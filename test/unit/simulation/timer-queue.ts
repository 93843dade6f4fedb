import type { Machine } from './virtual-time.js';

/** Work that is due at an instant, in milliseconds of virtual time. */
export interface Timer {
  at: number;
  /** Of those that are due at the same time the first one comes first. */
  sequence: number;
  readonly everyMs: number | undefined;
  readonly machine: Machine | undefined;
  readonly run: () => void;
  /** Whether it was cleared. It leaves the queue when its time has come. */
  isOver: boolean;
}

/** Timers in the order in which they are due: a binary heap, since one is added or taken out some thousand times a schedule. */
export class TimerQueue {
  readonly #heap: Timer[] = [];
  #sequence = 0;

  add(timer: Timer): void {
    const heap = this.#heap;
    timer.sequence = this.#sequence += 1;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!isBefore(timer, heap[above]!)) {
        break;
      }
      heap[index] = heap[above]!;
      index = above;
    }
    heap[index] = timer;
  }

  /** Takes out the first timer that still counts, if it is due by that time. */
  take(until: number): Timer | undefined {
    for (;;) {
      const [first] = this.#heap;
      if (first === undefined || first.at > until) {
        return undefined;
      }
      this.#removeFirst();
      if (!first.isOver && !first.machine?.isDead) {
        return first;
      }
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) {
      return;
    }
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below + 1 < length && isBefore(heap[below + 1]!, heap[below]!)) {
        below += 1;
      }
      if (below >= length || isBefore(last, heap[below]!)) {
        break;
      }
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = last;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.sequence < other.sequence);
}
