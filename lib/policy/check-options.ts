import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { logText } from '../protocol/log-text.js';
import { describe } from './check-option.js';
import { adviceForForeign } from './foreign-options.js';
import { nearestName } from './nearest-name.js';

/** One option: what it is by default, and which values are valid. */
export interface OptionRow<Value = unknown> {
  /** Value where the option is not given. It is valid without a check. */
  readonly default: Value;
  /** Whether it must be given. */
  readonly required?: boolean;
  /** Options inside of this one, if it holds options. */
  readonly fields?: OptionTable;
  /** @throws {WsAuthConfigurationError} that begins with the name, for a value that is not valid. */
  check(name: string, value: unknown): Value;
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** Options after the check, every default in place. */
export type Settings<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionRow<infer Value> ? Value : never;
};

/** A table that has a row for every option of an interface: a missing row does not compile. */
export type RowsOf<Options> = {
  readonly [Name in keyof Options]-?: OptionRow<Options[Name] | undefined>;
};

/**
 * Checks options against their table. `undefined` counts as not given, `null` does not.
 *
 * @param path what the names of the options are prefixed with, such as `tickets`
 * @returns the options that were given
 * @throws {WsAuthConfigurationError} for a name that the table does not have, which would be an option without effect, and
 *   for a value that is not valid. Values are never shown.
 */
export function givenOptions<Table extends OptionTable>(
  table: Table,
  options: unknown,
  path = '',
): Partial<Settings<Table>> {
  const given = demandOptions(options, path || 'options');
  demandKnownNames(table, given, path);
  const checked: [string, unknown][] = [];
  for (const [name, row] of Object.entries(table)) {
    const value = valueOf(given, name);
    if (value !== undefined || row.required) {
      checked.push([name, row.check(join(path, name), value)]);
    }
  }
  return Object.freeze(Object.fromEntries(checked)) as Partial<Settings<Table>>;
}

/** The same, with every default in place. */
export function checkOptions<Table extends OptionTable>(
  table: Table,
  options: unknown,
  path?: string,
): Settings<Table> {
  const settings: unknown = { ...defaultsOf(table), ...givenOptions(table, options, path) };
  return Object.freeze(settings) as Settings<Table>;
}

/** What holds where no option is given. */
export function defaultsOf<Table extends OptionTable>(table: Table): Settings<Table> {
  const entries = Object.entries(table).map(([name, row]) => [name, row.default]);
  return Object.freeze(Object.fromEntries(entries)) as Settings<Table>;
}

/** Lists, functions, promises and maps have no options in them, and would look like options that are all left out. */
function demandOptions(value: unknown, name: string): object {
  const kind = Object.prototype.toString.call(value);
  const isPromise = typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then;
  if (!['[object Object]', '[object Module]'].includes(kind) || isPromise === 'function') {
    const got = Array.isArray(value) ? 'a list' : describe(value);
    const isLate = isPromise === 'function' || typeof value === 'function';
    const fix = name === 'options' ? fixOf(value, isLate) : '';
    throw new WsAuthConfigurationError(`${name}: expected an object of options, got ${got}${fix}`);
  }
  return value as object;
}

function fixOf(value: unknown, isLate: boolean): string {
  if (typeof value === 'string') {
    return "; write { strategy: '…' } for the name of a strategy";
  }
  return isLate ? '; use forRootAsync({ useFactory })' : '';
}

/**
 * Checks the names of options whose values are checked elsewhere.
 *
 * @throws {WsAuthConfigurationError} for what is not an object, and for a name that is not known.
 */
export function demandKnownOptions(
  known: Readonly<Record<string, unknown>>,
  options: unknown,
  name: string,
): void {
  const table = Object.fromEntries(Object.keys(known).map((each) => [each, {}]));
  demandKnownNames(table, demandOptions(options, name), '');
}

/** Names of options, and of those inside of them. */
interface NameTable {
  readonly [name: string]: { readonly fields?: NameTable };
}

/** Only own names count: an object of a class has methods, which are not meant as options. */
function demandKnownNames(table: NameTable, options: object, path: string): void {
  const own = Reflect.ownKeys(options).filter((name) =>
    Object.prototype.propertyIsEnumerable.call(options, name),
  );
  const unknown = own.find((name) => typeof name === 'symbol' || !Object.hasOwn(table, name));
  if (unknown === undefined) {
    return;
  }
  const name = logText(String(unknown));
  const foreign = path === '' ? adviceForForeign(name) : undefined;
  const hint = foreign ?? hintFor(name, namesIn(table), path);
  throw new WsAuthConfigurationError(`${join(path, name)}: unknown option; ${hint}`);
}

function hintFor(name: string, known: readonly string[], path: string): string {
  const meant = nearestName(name, known);
  return meant ? `did you mean ${join(path, meant)}?` : `known are ${known.join(', ')}`;
}

/** Names of a table and of the options inside of its options. */
function namesIn(table: NameTable): string[] {
  return Object.entries(table).flatMap(([name, { fields }]) => [
    name,
    ...namesIn(fields ?? {}).map((inner) => join(name, inner)),
  ]);
}

/** Also reads an accessor of a class. A property of `Object.prototype` is not an option. */
function valueOf(options: object, name: string): unknown {
  const counts = Object.hasOwn(options, name) || !(name in Object.prototype);
  return counts ? (options as Record<string, unknown>)[name] : undefined;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
