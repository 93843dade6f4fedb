import { EventEmitter, once } from 'node:events';
import { bearerOf, customStrategy } from '../support/strategies.js';

/** A strategy that judges each credential when, and how, the test says. */
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

/** Lets promises and callbacks that are ready run, without time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
