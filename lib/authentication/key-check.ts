import { keyFields } from '../policy/user-key.js';
import { refusedBy, type Refusal } from '../protocol/refusal.js';
import type { Principal } from './principal.js';

/** What the check of keys needs of a policy. */
export interface KeyCheckOptions {
  readonly maxSessionsPerUser: number;
  /** The option, if the application names the keys itself. */
  readonly userId: unknown;
}

/** By the field that keys were read from: the first strategy that had it. The policies of one application share it. */
export type KeySources = Map<string, string>;

/**
 * Refuses a user without a key where sessions are counted by user, and warns once per policy of what does not work without
 * one: otherwise limits and revocation would be off without a word.
 */
export class KeyCheck {
  #warned = false;

  constructor(
    private readonly options: KeyCheckOptions,
    private readonly warn: (text: string) => void = ignore,
    private readonly sources: KeySources = new Map(),
  ) {}

  check({ userId, keyField }: Principal, strategy: string): Refusal | undefined {
    if (userId !== undefined) {
      this.#note(keyField, strategy);
      return undefined;
    }
    this.#warnOfMissing(keyField, strategy);
    return this.#isLimited ? refusedBy('no-key', 'ERR_WS_AUTH_NOT_PERMITTED') : undefined;
  }

  get #isLimited(): boolean {
    return this.options.maxSessionsPerUser !== Number.POSITIVE_INFINITY;
  }

  #warnOfMissing(field: string | undefined, strategy: string): void {
    if (this.#warned) {
      return;
    }
    this.#warned = true;
    const effect = this.#isLimited
      ? 'is refused, because maxSessionsPerUser is set'
      : 'cannot be limited, renewed, found by ofUser() or revoked by its key';
    this.warn(
      `userId: a user of the strategy ${strategy} has no key, and ${effect}; ${this.#cause(field)}`,
    );
  }

  #cause(field: string | undefined): string {
    const expected =
      'a text that is not blank and not made of a missing value, an exact number, or an object with a text of its own';
    if (this.options.userId) {
      return `the option userId must return ${expected}`;
    }
    return field === undefined
      ? `return ${keyFields.join(', ')} from validate(), or set the option userId`
      : `its field ${field} is not ${expected}; set the option userId`;
  }

  /** `_id` and `id` are the same for Mongoose. */
  #note(keyField: string | undefined, strategy: string): void {
    const field = keyField === '_id' ? 'id' : keyField;
    if (field === undefined || this.sources.has(field)) {
      return;
    }
    this.sources.set(field, strategy);
    if (this.sources.size === 2) {
      const found = [...this.sources].map(([name, by]) => `${name} (strategy ${by})`);
      this.warn(
        `userId: keys of users come from different fields, ${found.join(' and ')}; users with the same value there are one ` +
          'user for limits, ofUser() and revoke(); set the option userId to name the key',
      );
    }
  }
}

function ignore(): void {}
