import { EventEmitter, once } from 'node:events';
import { bearerOf, customStrategy } from './strategies.js';

/** A strategy that judges each credential when, and how, the test demands. */
export class DeferredStrategy {
  readonly #asked = new EventEmitter();
  readonly #waiting: { readonly token: string; decide(verdict: unknown): void }[] = [];
  readonly provider = customStrategy('deferred', (request) => {
    const token = bearerOf(request) ?? '';
    return new Promise((decide) => {
      this.#waiting.push({ token, decide });
      this.#asked.emit('asked');
    });
  });

  /** How many credentials wait for a verdict. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when that many credentials wait for a verdict. */
  async asked(count = 1): Promise<void> {
    while (this.#waiting.length < count) {
      await once(this.#asked, 'asked');
    }
  }

  /** Judges the oldest that waits: a user, `[user, info]`, or `false`. */
  decide(verdict: unknown): void {
    this.#waiting.shift()!.decide(verdict);
  }
}
