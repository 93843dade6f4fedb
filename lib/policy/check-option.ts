import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';

/** Largest delay of a timer: a longer one fires at once. */
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

/** @throws {WsAuthConfigurationError} for `'false'`, which is true. */
export function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') {
    throw new WsAuthConfigurationError(`${option}: expected true or false, got ${describe(value)}`);
  }
  return value;
}

/** @throws {WsAuthConfigurationError} for a value that cannot be called. */
export function checkFunction<Value>(option: string, value: Value): Value {
  if (value !== undefined && typeof value !== 'function') {
    throw new WsAuthConfigurationError(`${option}: expected a function, got ${describe(value)}`);
  }
  return value;
}

/** Names a value without showing it, since it may be a secret. */
export function describe(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  return typeof value === 'number' ? `the number ${value}` : `a value of type ${typeof value}`;
}
