import { readFileSync } from 'node:fs';
import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import { checkOptions, type OptionTable } from '../../../lib/policy/check-options.js';
import { failureLimitOptions } from '../../../lib/policy/check-service.js';
import {
  applicationOptions,
  gatewayOptions,
  moduleOptions,
} from '../../../lib/policy/option-table.js';

/** A table, and where it stands among the options. */
interface Place {
  readonly path: string;
  readonly table: OptionTable;
}

function placesIn(table: OptionTable, path = ''): Place[] {
  const inner = Object.entries(table).flatMap(([name, { fields }]) =>
    fields ? placesIn(fields, join(path, name)) : [],
  );
  return [{ path, table }, ...inner];
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

const limits = ['perAddress', 'perAccount'].map((name) => ({
  path: `failedAttempts.${name}`,
  table: failureLimitOptions,
}));
const places: readonly Place[] = [...placesIn(moduleOptions), ...limits];

/** The options of the module that hold `value` at a path. */
function optionsWith(path: string, value: unknown): object {
  return path
    .split('.')
    .reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}

function check(options: unknown): unknown {
  return checkOptions(moduleOptions, options);
}

function messageOf(options: unknown): string {
  try {
    check(options);
  } catch (error) {
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    return (error as Error).message;
  }
  return 'accepted';
}

const names = places.flatMap(({ path, table }) =>
  Object.keys(table).map((name) => ({ path, table, name, full: join(path, name) })),
);

/** Every way to type a name wrong by one key, or in the wrong case. */
function misspellings(name: string): string[] {
  const at = Array.from(name, (_letter, index) => index);
  return [
    ...at.map((i) => name.slice(0, i) + name.slice(i + 1)),
    ...at.map((i) => name.slice(0, i) + name[i]! + name.slice(i)),
    ...at.map((i) => `${name.slice(0, i)}q${name.slice(i + 1)}`),
    ...at.map((i) => name.slice(0, i) + (name[i + 1] ?? '') + name[i]! + name.slice(i + 2)),
    name.toUpperCase(),
  ];
}

describe('the table of options', () => {
  it.each(names)(
    'K11a: refuses each misspelling of $full and names it',
    ({ path, table, name }) => {
      const wrong = misspellings(name).filter((each) => each !== '' && !Object.hasOwn(table, each));
      for (const each of wrong) {
        const message = messageOf(optionsWith(join(path, each), undefined));
        expect(message).toContain(`${join(path, each)}: unknown option; did you mean `);
      }
      // `platforms` is an option beside `platform`.
      const plural = Object.hasOwn(table, `${name}s`) ? `${name}q` : `${name}s`;
      expect(messageOf(optionsWith(join(path, plural), 'SECRET'))).toBe(
        `${join(path, plural)}: unknown option; did you mean ${join(path, name)}?`,
      );
    },
  );

  it('K11a: refuses a name that belongs to another depth, and names the whole path', () => {
    expect(messageOf({ perAddress: {} })).toBe(
      'perAddress: unknown option; did you mean failedAttempts.perAddress?',
    );
    expect(messageOf({ ttlMs: 1 })).toBe('ttlMs: unknown option; did you mean tickets.ttlMs?');
    expect(messageOf({ origins: [] })).toBe(
      'origins: unknown option; did you mean allowedOrigins?',
    );
  });

  it.each([
    ['secret', 'secret: unknown option; it belongs to the strategy'],
    ['secretOrKey', 'secretOrKey: unknown option; it belongs to the strategy'],
    ['cors', 'cors: unknown option; name the pages in allowedOrigins'],
    ['path', 'path: unknown option; it belongs to @WebSocketGateway({ … })'],
    ['useFactory', 'useFactory: unknown option; use WsAuthModule.forRootAsync({ useFactory })'],
  ])('K11a: names where %s of another package belongs', (name, message) => {
    expect(messageOf({ [name]: 1 })).toContain(message);
    expect(messageOf({ tickets: { [name]: 1 } })).not.toContain('belongs');
  });

  it('K11a: names forRootAsync() where options are a function, or a promise', () => {
    expect(messageOf(() => ({}))).toMatch(/; use forRootAsync\(\{ useFactory \}\)$/);
    expect(messageOf(Promise.resolve({}))).toMatch(/; use forRootAsync\(\{ useFactory \}\)$/);
    expect(messageOf({ tickets: () => ({}) })).not.toContain('forRootAsync');
  });

  it('K11a: lists what is known where nothing is near', () => {
    expect(messageOf({ closeCodes: { qqqqqqqq: 1 } })).toBe(
      'closeCodes.qqqqqqqq: unknown option; known are unauthorized, forbidden, timeout',
    );
  });

  it.each(places)('K11a: refuses names of prototypes and symbols in "$path"', ({ path, table }) => {
    const strange = [
      JSON.parse('{"__proto__":{"optional":true}}'),
      { constructor: 1 },
      { toString: 1 },
      { [Symbol('optional')]: true },
    ];
    for (const options of strange) {
      expect(() => checkOptions(table, options, path)).toThrow(/: unknown option; /);
    }
  });

  it.each(places)(
    'K11a: refuses in place of the options "$path" a value that is not an object of options',
    (place) => {
      const { path, table } = place;
      const wrong = [
        null,
        5,
        'SECRET',
        true,
        [],
        [{}],
        () => ({}),
        Promise.resolve({}),
        new Map(),
        5n,
      ];
      for (const value of wrong) {
        const checking = () => checkOptions(table, value, path);
        expect(checking).toThrow(WsAuthConfigurationError);
        expect(checking).toThrow(`${path || 'options'}: expected an object of options, got `);
        expect(checking).not.toThrow(/SECRET/);
      }
    },
  );

  it.each(names)(
    'K11a: refuses null and a value of no use for $full',
    ({ path, table, name, full }) => {
      const beside = Object.entries(table).filter(([, row]) => row.required);
      const needed = Object.fromEntries(beside.map(([other, row]) => [other, row.default]));
      for (const value of [
        null,
        Symbol('SECRET'),
        { SECRET: 1 },
        [null],
        [undefined],
        Number.NaN,
      ]) {
        const options = { ...needed, [name]: value };
        const message = messageOf(path === '' ? options : optionsWith(path, options));
        expect(message).toMatch(new RegExp(`^(?:${full.replaceAll('.', '\\.')}(?:\\.SECRET)?: )`));
        expect(message.replace('.SECRET', '')).not.toContain('SECRET');
      }
    },
  );

  it('K11a: takes services that have the methods', () => {
    const methods = ['start', 'stop', 'begin', 'attempted', 'happened'];
    const telemetry = Object.fromEntries(methods.map((each) => [each, check]));
    expect(check({ telemetry })).toMatchObject({ telemetry });
    expect(messageOf({ telemetry: { ...telemetry, stop: undefined } })).toMatch(/^telemetry: /);
  });

  it('K11a: takes undefined as not given', () => {
    const nothing = Object.fromEntries(Object.keys(moduleOptions).map((name) => [name, undefined]));
    expect(check(nothing)).toEqual(check({}));
    expect(check({ closeCodes: { timeout: undefined } })).toEqual(check({}));
  });

  it('K11a: refuses a name that is unknown although it is undefined', () => {
    expect(messageOf({ alowedOrigins: undefined })).toMatch(/did you mean allowedOrigins\?$/);
  });

  it('K11a: reads fields, accessors and inherited options of a class, and ignores its methods', () => {
    class Base {
      readonly realm = 'Zone';
      get maxPending(): number {
        return 7;
      }
      describe(): string {
        return this.realm;
      }
    }
    class Derived extends Base {
      readonly authTimeoutMs = 9;
    }
    expect(check(new Derived())).toEqual(check({ realm: 'Zone', maxPending: 7, authTimeoutMs: 9 }));
    expect(check(Object.create({ maxPending: 7 }))).toEqual(check({ maxPending: 7 }));
    expect(messageOf(Object.assign(new Derived(), { alowedOrigins: [] }))).toMatch(/did you mean/);
  });

  it('K11a: takes nothing from Object.prototype', () => {
    try {
      // oxlint-disable-next-line no-extend-native -- what an attacker does
      Object.defineProperty(Object.prototype, 'optional', { value: true, configurable: true });
      expect(check({})).toMatchObject({ optional: false });
    } finally {
      delete (Object.prototype as { optional?: unknown }).optional;
    }
  });

  it('K11a: refuses every name that it does not have', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(!Object.hasOwn(moduleOptions, name) && name !== '__proto__');
        expect(messageOf({ [name]: 'SECRET' })).toMatch(/: unknown option; /);
      }),
    );
  });
});

/** The TSDoc and the declaration of each option in a file. */
function documentedIn(file: string): Map<string, string> {
  const source = readFileSync(new URL(`../../../lib/policy/${file}`, import.meta.url), 'utf8');
  const fields = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+readonly (\w+)\??:/g);
  return new Map(
    [...fields].map(([, comment, name]) => [name!, comment!.replaceAll(/\s*\n\s*\*/g, ' ')]),
  );
}

describe('the documentation of options', () => {
  const documented = new Map([...documentedIn('policy-options.ts'), ...documentedIn('options.ts')]);
  const rows = Object.entries({ ...gatewayOptions, ...applicationOptions } as OptionTable);

  it('K11a: exists for every option', () => {
    expect(rows.map(([name]) => name).filter((name) => !documented.has(name))).toEqual([]);
  });

  it.each(rows.filter(([, row]) => ['number', 'string', 'boolean'].includes(typeof row.default)))(
    'K11a: states the default of %s',
    (name, row) => {
      const [, stated = ''] = /@default (\S+)/.exec(documented.get(name)!) ?? [];
      const said = stated === '' ? undefined : stated.replaceAll('_', '').replaceAll("'", '');
      const inherited = documented.get(name)!.includes('The same');
      expect(said ?? (inherited && String(row.default))).toBe(String(row.default));
    },
  );

  it.each(rows.filter(([, row]) => 'min' in row && !('0' in row)))(
    'K11a: states the least value of %s',
    (name, row) => {
      const { min } = row as unknown as { readonly min: number };
      const text = documented.get(name)!;
      const says = [`at least ${min}`, `At least ${min}`, `from ${min}`, `${min} sends none`];
      expect(says.some((each) => text.includes(each)) || text.includes('The same')).toBe(true);
    },
  );
});
