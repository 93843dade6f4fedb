/** Longest delay of `setTimeout`; a longer one fires immediately. */
export const maxDelayMs = 2 ** 31 - 1;

/** One timer. Starting it again replaces what it waited for. */
export class Timer {
  #id: ReturnType<typeof setTimeout> | undefined;

  /** @param delayMs `Infinity` never calls back */
  start(delayMs: number, callback: () => void): void {
    this.stop();
    if (delayMs < Infinity) {
      this.#id = setTimeout(callback, Math.min(delayMs, maxDelayMs));
    }
  }

  stop(): void {
    clearTimeout(this.#id);
  }
}
