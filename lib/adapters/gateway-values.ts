import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkFunction, checkInteger, describe, maxTimerMs } from '../policy/check-option.js';

/** @throws {WsAuthConfigurationError} that begins with the name, for a value of another kind */
type Check = (name: string, value: unknown) => unknown;

/** Checks of options of `@WebSocketGateway()`, by name. */
export type ValueChecks = Readonly<Record<string, Check>>;

/** A number of bytes or pieces. `ws` and engine.io take `NaN`, which `Number()` makes of a variable that is not set, for no bound at all. */
export const count: Check = (name, value) =>
  value === Number.POSITIVE_INFINITY ? value : checkInteger(name, value, bounds);

/** A time in milliseconds. A timer takes `NaN` for 1. */
export const duration: Check = (name, value) => checkInteger(name, value, bounds);

const bounds = { min: 0, max: maxTimerMs };

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
