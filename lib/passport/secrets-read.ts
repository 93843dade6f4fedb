import { withoutScheme, type SecretForm } from './secret-places.js';

/**
 * The texts that a strategy has read and that may be its credential although they are not JWTs, such as an API key. Those of an unusual
 * form count only if there are no others.
 */
export class SecretsRead {
  readonly #usual = new Set<string>();
  readonly #unusual = new Set<string>();

  add(text: string, form: SecretForm = 'usual'): void {
    (form === 'usual' ? this.#usual : this.#unusual).add(withoutScheme(text));
  }

  /** Whether the strategy has read the text, by itself or as a part of another one. */
  holds(text: string): boolean {
    return [...this.#usual, ...this.#unusual].some((each) => each.includes(text));
  }

  get all(): ReadonlySet<string> {
    return this.#usual.size > 0 ? this.#usual : this.#unusual;
  }
}
