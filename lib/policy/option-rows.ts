import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkBound, checkInteger, checkSynchronous, describe } from './check-option.js';
import {
  checkOptions,
  defaultsOf,
  type OptionRow,
  type OptionTable,
  type Settings,
} from './check-options.js';

/** Bounds of a whole number. */
export interface Bounds {
  readonly min: number;
  readonly max?: number;
}

/** A whole number within bounds. */
export function integer(byDefault: number, bounds: Bounds): OptionRow<number> & Bounds {
  return {
    ...bounds,
    default: byDefault,
    check: (name, value) => checkInteger(name, value, bounds),
  };
}

/** A whole number of at least 1, or `Infinity`, which means no bound. */
export function bound(byDefault: number): OptionRow<number> & Bounds {
  return {
    min: 1,
    max: Infinity,
    default: byDefault,
    check: (name, value) => checkBound(name, value, 1),
  };
}

/** One of a few values. */
export function oneOf<const Value>(byDefault: Value, values: readonly Value[]): OptionRow<Value> {
  const written = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)));
  const list = `${written.slice(0, -1).join(', ')} or ${written.at(-1)}`;
  return {
    default: byDefault,
    check(name, value) {
      if (!values.includes(value as Value)) {
        throw new WsAuthConfigurationError(`${name}: expected ${list}, got ${describe(value)}`);
      }
      return value as Value;
    },
  };
}

/** `true` or `false`: the text `'false'` would count as true. */
export function flag(byDefault: boolean): OptionRow<boolean> {
  return oneOf<boolean>(byDefault, [true, false]);
}

/** A function that returns its result synchronously, or none. */
export function callable<Value>(): OptionRow<Value | undefined> {
  return { default: undefined, check: (name, value) => checkSynchronous(name, value as Value) };
}

/** A value of another kind, with a check of its own. */
export function custom<Value>(
  check: (name: string, value: unknown) => Value,
): OptionRow<Value | undefined>;
export function custom<Value, Default extends Value>(
  check: (name: string, value: unknown) => Value,
  byDefault: Default,
): OptionRow<Value>;
export function custom<Value>(
  check: (name: string, value: unknown) => Value,
  byDefault?: Value,
): OptionRow<Value | undefined> {
  return { default: byDefault, check };
}

/** The same option where it must be given. */
export function required<Value>(row: OptionRow<Value>): OptionRow<Value> {
  return { ...row, required: true };
}

/** The same option with a check across its fields. */
export function together<Value>(
  row: OptionRow<Value>,
  demand: (name: string, value: NonNullable<Value>) => void,
): OptionRow<Value> {
  return {
    ...row,
    check(name, given) {
      const value = row.check(name, given);
      demand(name, value as NonNullable<Value>);
      return value;
    },
  };
}

/** An object of options, each with its default. */
export function group<Table extends OptionTable>(fields: Table) {
  return {
    fields,
    default: defaultsOf(fields),
    check: (name: string, value: unknown) => checkOptions(fields, value, name),
  } satisfies OptionRow<Settings<Table>>;
}

/** An object of options, or nothing at all. */
export function optionalGroup<Table extends OptionTable>(
  fields: Table,
): OptionRow<Settings<Table> | undefined> {
  return { ...group(fields), default: undefined };
}
