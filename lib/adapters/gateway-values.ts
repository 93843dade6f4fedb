import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkFunction, describe, maxTimerMs } from '../policy/check-option.js';

/** @throws {WsAuthConfigurationError} that begins with the name, for a value of another kind */
type Check = (name: string, value: unknown) => unknown;

/** Checks of options of `@WebSocketGateway()`, by name. */
export type ValueChecks = Readonly<Record<string, Check>>;

/**
 * A number of bytes or pieces. `ws` takes numbers from 2^31 on for others or for no bound, and `NaN`, which `Number()` makes of a variable
 * that is not set, for no bound at all.
 */
export const count: Check = (name, value) => {
  if (value !== Number.POSITIVE_INFINITY) {
    checkAmount(name, value, maxTimerMs);
  }
};

/** A number of bytes that engine.io compares as it is. */
export const bytes: Check = (name, value) => checkAmount(name, value, Number.POSITIVE_INFINITY);

/** A time in milliseconds. A timer takes `NaN` for 1. */
export const duration: Check = (name, value) => checkAmount(name, value, maxTimerMs);

/** Not whole is what `0.1 * 1024 * 1024` is, which `ws` and engine.io take; less than 1 would be rounded to no bound. */
function checkAmount(name: string, value: unknown, max: number): void {
  if (typeof value !== 'number' || !(value === 0 || (value >= 1 && value <= max))) {
    throw new WsAuthConfigurationError(
      `${name}: expected 0, or a number from 1 to ${max}, got ${describe(value)}`,
    );
  }
}

export const flag: Check = (name, value) => {
  if (typeof value !== 'boolean') {
    throw new WsAuthConfigurationError(`${name}: expected true or false, got ${describe(value)}`);
  }
};

/** A function, or `null`, which is the default of `ws`. */
export const callback: Check = (name, value) =>
  value === null ? value : checkFunction(name, value);

export const constructable: Check = (name, value) => {
  if (typeof value !== 'function') {
    throw new WsAuthConfigurationError(`${name}: expected a class, got ${describe(value)}`);
  }
};

/**
 * Refuses values of another kind in the options of a gateway: a bound that is no number would be no bound.
 *
 * @throws {WsAuthConfigurationError} that names the option
 */
export function demandValues(checks: ValueChecks, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && Object.hasOwn(checks, name)) {
      checks[name]!(name, value);
    }
  }
}
