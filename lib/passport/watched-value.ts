import type { SecretForm } from './secret-places.js';

/** A value, and what is of interest in it. */
export interface Watched {
  readonly value: unknown;
  readonly tokens: readonly string[];
  /** A text that may be a credential although it is not a JWT. */
  readonly secret?: string | false | undefined;
  readonly form?: SecretForm | undefined;
  readonly isPassword?: boolean;
  /** Called when the strategy reads it first. */
  readonly onRead?: (() => void) | undefined;
  /** Whether the strategy is not to see it (any more). */
  readonly isHidden?: (() => boolean) | undefined;
}

/**
 * Puts an accessor in the place of a value that is of interest. It behaves like the value, which a strategy may replace.
 *
 * @param note called when the value is read first: a strategy may read a list of a thousand tokens a thousand times
 */
export function watchValue(holder: object, name: string, watched: Watched, note: () => void): void {
  const { value, isHidden } = watched;
  if (!isOfInterest(watched)) {
    if (!Object.hasOwn(holder, name)) {
      define(holder, name, { value, writable: true });
    }
    return;
  }
  let current = value;
  let isRead = false;
  define(holder, name, {
    get: () => {
      if (isHidden?.()) {
        return undefined;
      }
      if (!isRead) {
        isRead = true;
        note();
      }
      return current;
    },
    set: (changed: unknown) => {
      current = changed;
    },
  });
}

function isOfInterest({ tokens, secret, isPassword, onRead }: Watched): boolean {
  return tokens.length > 0 || Boolean(secret) || isPassword === true || onRead !== undefined;
}

export function define(holder: object, name: string, property: PropertyDescriptor): void {
  Object.defineProperty(holder, name, { ...property, configurable: true, enumerable: true });
}
