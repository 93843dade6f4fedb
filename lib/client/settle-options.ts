import { maxDelayMs } from './timer.js';

/** Default of a function that has to be given. */
export const missing: () => never = () => undefined as never;

/** Names of the numbers that are at least 1, where 0 could mean no bound. A text is smaller than a list. */
const positive = 'maxFailures timeoutMs';

/**
 * Puts the defaults in place. What is given has the type of its default, and `undefined` counts as not given.
 *
 * @throws {TypeError} for an option that is unknown, which would have no effect while the caller relies on it, with the one that was
 *   probably meant; and for one that is missing, of another type, or a text that does not match.
 * @throws {RangeError} for a number that is not whole or out of bounds: a timer takes `NaN` and numbers beyond 2^31-1 for 1.
 */
export function settleOptions<Settled extends object>(
  defaults: Settled,
  options: { readonly [Name in keyof Settled]?: unknown },
  pattern?: RegExp,
  path = '',
): Settled {
  demandKnown(Object.keys(defaults), options, path);
  const settled = { ...defaults } as Record<string, unknown>;
  for (const name in settled) {
    const standard = settled[name];
    const { [name]: value = standard } = Object(options) as Readonly<Record<string, unknown>>;
    const isRight =
      value === standard ||
      (typeof value === typeof standard && pattern?.test(value as string) !== false);
    if (!isRight || value === missing || value === null) {
      throw new TypeError(`${path}${name}: expected ${pattern ?? typeof standard}`);
    }
    const min = positive.includes(name) ? 1 : 0;
    const isWhole = Number.isInteger(value) && (value as number) <= maxDelayMs;
    if (typeof value === 'number' && !(value >= min && (isWhole || value === Infinity))) {
      throw new RangeError(`${name}: out of bounds: ${value}`);
    }
    settled[name] = value;
  }
  return settled as Settled;
}

function demandKnown(known: readonly string[], options: object, path: string): void {
  for (const name in options) {
    if (!known.includes(name)) {
      const meant = known.find((each) => isNear(name, each)) ?? known.join();
      throw new TypeError(`${path}${name}: unknown option; did you mean ${meant}?`);
    }
  }
}

/** Whether the names differ by up to two neighbouring characters. An edit distance would take a page four times the bytes. */
function isNear(given: string, name: string): boolean {
  return (
    given.length < name.length + 2 &&
    name
      .split('')
      .some((_, at) => given.startsWith(name.slice(0, at)) && given.endsWith(name.slice(at + 2)))
  );
}
