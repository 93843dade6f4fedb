/** The content of a credential, in the form a Passport strategy reads. */
export type CredentialContent =
  | { readonly scheme: 'Bearer'; readonly token: string }
  | { readonly scheme: 'Basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'fields'; readonly body: object; readonly token: string | undefined }
  | { readonly scheme: 'request' };

/**
 * Where a credential was found, and what follows from it.
 *
 * @publicApi
 */
export interface CredentialOrigin {
  /** Name of the extractor that found it. */
  readonly extractor: string;
  /** Whether the browser attaches it by itself, so that any page can use it. */
  readonly ambient: boolean;
  /** Whether it is a cookie, which no non-browser sends by accident. */
  readonly cookie?: boolean;
  /** Strategies that judge it instead of the policy's. */
  readonly strategy: readonly string[] | undefined;
}

/**
 * What the client proves itself with: scheme, value and where it was found.
 *
 * It refuses to print itself: neither `String()`, `JSON.stringify()` nor `util.inspect()` shows the value.
 *
 * @publicApi
 */
export class Credential {
  readonly #content: CredentialContent;
  /** Name of the extractor that found it. */
  readonly extractor: string;
  /** Whether the browser attaches it by itself. */
  readonly ambient: boolean;
  /** Whether it is a cookie. */
  readonly cookie: boolean;
  /** Strategies that judge it instead of the policy's. */
  readonly strategy: readonly string[] | undefined;
  /** When it was presented, in epoch milliseconds: a revocation since then concerns it, however long its strategy takes. */
  readonly presentedAt = Date.now();
  /** The same in monotonic milliseconds, which order events within one millisecond, and when the clock was set back. */
  readonly presentedTick = performance.now();

  /** @internal */
  constructor(content: CredentialContent, origin: CredentialOrigin) {
    this.#content = content;
    this.extractor = origin.extractor;
    this.ambient = origin.ambient;
    this.cookie = origin.cookie ?? false;
    this.strategy = origin.strategy;
  }

  /** @internal */
  get content(): CredentialContent {
    return this.#content;
  }

  /** Names the extractor. */
  toString(): string {
    return `[credential ${this.extractor}]`;
  }

  /** Names the extractor in JSON too, so that no log contains the credential. */
  toJSON(): string {
    return this.toString();
  }

  /** @internal */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
