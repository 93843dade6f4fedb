import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';

/** Largest delay of a timer: a longer one fires immediately. */
export const maxTimerMs = 2 ** 31 - 1;

/** @throws {WsAuthConfigurationError} unless the option is a whole number within its bounds. */
export function checkInteger(
  option: string,
  value: unknown,
  bounds: { readonly min: number; readonly max?: number },
): number {
  const { min, max = Number.MAX_SAFE_INTEGER } = bounds;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new WsAuthConfigurationError(
      `${option}: expected a whole number from ${min} to ${max}, got ${describe(value)}`,
    );
  }
  return value;
}

/** The same for an option that may also be `Infinity`, which means no bound. */
export function checkBound(option: string, value: unknown, min: number): number {
  return value === Number.POSITIVE_INFINITY ? value : checkInteger(option, value, { min });
}

/** @throws {WsAuthConfigurationError} for a value that cannot be called. A class can only be called with `new`. */
export function checkFunction<Value>(option: string, value: Value): Value {
  const isClass =
    typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
  if (typeof value !== 'function' || isClass) {
    const got = isClass ? 'a class' : describe(value);
    throw new WsAuthConfigurationError(`${option}: expected a function, got ${got}`);
  }
  return value;
}

/** @throws {WsAuthConfigurationError} for a function that returns a promise, where the result is needed synchronously. */
export function checkSynchronous<Value>(option: string, value: Value): Value {
  const kind = Object.prototype.toString.call(checkFunction(option, value));
  if (kind !== '[object Function]') {
    throw new WsAuthConfigurationError(
      `${option}: expected a function that returns its result and no promise, got an async one`,
    );
  }
  return value;
}

/**
 * Refuses options of a function that has none: the developer who wrote them expects an effect.
 *
 * @throws {WsAuthConfigurationError} for any argument
 */
export function demandNoOptions(name: string, given: readonly unknown[]): void {
  if (given.length > 0) {
    throw new WsAuthConfigurationError(
      `${name}: takes no options; those of connections belong to WsAuthModule.forRoot() or @WsAuth()`,
    );
  }
}

/** A name of a strategy, or names. Whether one is needed depends on the rest of the policy. */
export function checkStrategy(option: string, value: unknown): string | readonly string[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!names.every(isName)) {
    throw new WsAuthConfigurationError(
      `${option}: expected the name of a strategy such as 'jwt', or names in a list`,
    );
  }
  if (new Set(names).size < names.length) {
    throw new WsAuthConfigurationError(
      `${option}: a strategy is listed twice, and would run twice`,
    );
  }
  return value as string | readonly string[];
}

/** Names in a list. */
export function checkNames(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every(isName)) {
    throw new WsAuthConfigurationError(`${option}: expected names in a list`);
  }
  return value;
}

/** @throws {WsAuthConfigurationError} for a name that is empty or not a text. */
export function checkName(option: string, value: unknown): string {
  if (!isName(value)) {
    throw new WsAuthConfigurationError(`${option}: expected a name, got ${describe(value)}`);
  }
  return value;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Names a value without showing it, since it may be a secret. */
export function describe(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (value === '') {
    return 'an empty text';
  }
  return typeof value === 'number' ? `the number ${value}` : `a value of type ${typeof value}`;
}
