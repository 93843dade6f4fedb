import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { findUserKey, keyFields, userKey } from '../../../lib/policy/user-key.js';

/** As `bson` has it. */
class ObjectId {
  constructor(readonly hex: string) {}

  toHexString(): string {
    return this.hex;
  }

  toString(): string {
    return this.toHexString();
  }
}

/** A value object of a domain. */
class UserId {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  toString(): string {
    return this.#value;
  }
}

/** A record with getters, such as those of an ORM. */
class Row {
  get id(): UserId {
    return new UserId('row');
  }
}

const hex = '507f1f77bcf86cd799439011';
const uuid = '0d2d2e3a-65a7-4b6f-9a64-bd7f4a0b8f0c';

const keys: readonly [what: string, value: unknown, key: string][] = [
  ['a text', 'alice', 'alice'],
  ['a text with spaces', ' alice ', ' alice '],
  ['an emoji', '\u{1f600}', '\u{1f600}'],
  ['a number', 42, '42'],
  ['zero', 0, '0'],
  ['negative zero', -0, '0'],
  ['a fraction', 1.5, '1.5'],
  ['the largest exact number', Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ['a bigint', 2n ** 63n, '9223372036854775808'],
  ['an ObjectId', new ObjectId(hex), hex],
  ['a UUID object', new UserId(uuid), uuid],
  ['an object with its own toString()', { toString: () => 'own' }, 'own'],
  [
    'an object without a prototype',
    Object.assign(Object.create(null), { toString: () => 'a' }),
    'a',
  ],
  ['an object with toHexString() alone', { toHexString: () => hex }, hex],
  ['a boxed text', new String('boxed'), 'boxed'],
  ['an object of another realm', runInNewContext("new String('realm')"), 'realm'],
  ['a URL', new URL('https://example.com/card#me'), 'https://example.com/card#me'],
  ['a long text', 'k'.repeat(100_000), 'k'.repeat(100_000)],
];

let count = 0;
const none: readonly [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['an empty text', ''],
  ['blank text', ' \t\n\u00a0'],
  ['a lone surrogate', 'a\ud800'],
  ['NaN', Number.NaN],
  ['Infinity', -Infinity],
  ['a number that has lost digits', 2 ** 53],
  ['a boolean', true],
  ['a symbol', Symbol('alice')],
  ['a function', () => 'alice'],
  ['a plain object', { id: 1 }],
  ['an object without a prototype', Object.create(null)],
  ['a plain object of another realm', runInNewContext('({ id: 1 })')],
  ['an object with a tag', { [Symbol.toStringTag]: 'Id' }],
  ['a list', ['alice']],
  ['a date', new Date()],
  ['bytes', Buffer.from('alice')],
  ['a typed array', new Uint8Array([1, 2])],
  ['a map', new Map()],
  ['a promise', Promise.resolve('alice')],
  ['an empty own text', { toString: () => '' }],
  ['a text of its own that is not a text', { toString: () => 42 }],
  ['a failed calculation', { toString: () => 'NaN' }],
  ['a calculation without end', { toString: () => '-Infinity' }],
  ['bytes that are no UTF-8', { toString: () => Buffer.from([0xff]).toString() }],
  ['a text that changes', { toString: () => `${(count += 1)}` }],
  ['two members that are not functions', { toString: 'a', toHexString: 'b' }],
];

describe('userKey', () => {
  it.each(keys)('K2a: reads %s', (_what, value, key) => {
    expect(userKey(value)).toBe(key);
  });

  it.each(none)('K2a: reads no key in %s', (_what, value) => {
    expect(userKey(value)).toBeUndefined();
  });

  it('K2a: is the same for all values with one text', () => {
    const same = ['7', 7, 7n, new UserId('7'), { toHexString: () => '7' }];
    expect(new Set(same.map(userKey))).toEqual(new Set(['7']));
  });

  it('K2a: does not hide what a text of its own throws', () => {
    const hostile = {
      toString() {
        throw new Error('hostile');
      },
    };
    expect(() => userKey(hostile)).toThrow('hostile');
  });
});

describe('findUserKey', () => {
  it.each(keys)(
    'K2a: finds %s in every default field, and from the application',
    (_what, value, key) => {
      for (const field of keyFields) {
        expect(findUserKey({ email: 'a@b', [field]: value }, undefined)).toEqual({ key, field });
      }
      expect(findUserKey({ id: 'other' }, () => value as string)).toEqual({
        key,
        field: undefined,
      });
    },
  );

  const ofNothing = ['undefined', 'null', 'NaN', '[object Object]'];
  const composed = ofNothing.flatMap((text) => [`acme:${text}`, `${text}|7`, `a/${text}/b`]);

  it.each([...ofNothing, ...composed])(
    'K2b: finds no key in %j, which the application has made of a missing field',
    (text) => {
      expect(findUserKey({ email: 'a@b' }, () => text)).toEqual({
        key: undefined,
        field: undefined,
      });
      for (const field of keyFields) {
        const { key } = findUserKey({ [field]: text }, undefined);
        expect(key).toBe(field === 'username' ? text : undefined);
      }
    },
  );

  it.each(ofNothing)('K2b: takes a key that was made of the username %j', (username) => {
    expect(findUserKey({ username }, () => `local:${username}`).key).toBe(`local:${username}`);
    expect(findUserKey({ id: `acme:${username}`, username }, undefined).key).toBe(
      `acme:${username}`,
    );
    expect(findUserKey({ username }, () => 'acme:nil:NaN').key === undefined).toBe(
      username !== 'NaN',
    );
  });

  it('K2b: reads no username where there is another key', () => {
    const user = {
      id: 'alice',
      get username(): string {
        throw new Error('not loaded');
      },
    };
    expect(findUserKey(user, undefined).key).toBe('alice');
    expect(findUserKey(user, () => 'acme:alice').key).toBe('acme:alice');
  });

  it.each(['null@example.com', 'undefined-behaviour', 'nullable', 'annull', 'Null'])(
    'K2b: takes %j for a key',
    (text) => {
      expect(findUserKey({ id: text }, undefined).key).toBe(text);
      expect(findUserKey({ id: 1 }, () => text).key).toBe(text);
    },
  );

  it.each(none)('K2b: finds no key in %s, wherever it is', (_what, value) => {
    for (const field of keyFields) {
      expect(findUserKey({ email: 'a@b', [field]: value }, undefined).key).toBeUndefined();
    }
    expect(findUserKey({ id: 'other' }, () => value as string).key).toBeUndefined();
  });

  it.each<[object, string | undefined, string | undefined]>([
    [{ username: 'u', _id: 'o', userId: 'r', sub: 's', id: 'i' }, 'i', 'id'],
    [{ username: 'u', _id: 'o', userId: 'r', sub: 's' }, 's', 'sub'],
    [{ username: 'u', _id: 'o', userId: 'r' }, 'r', 'userId'],
    [{ username: 'u', _id: 'o' }, 'o', '_id'],
    [{ username: 'u' }, 'u', 'username'],
    [{ id: null, _id: new ObjectId(hex), username: 'u' }, hex, '_id'],
    [{ id: undefined, _id: hex }, hex, '_id'],
    [{ id: hex, _id: new ObjectId(hex) }, hex, 'id'],
    [{ id: 0, _id: 1 }, '0', 'id'],
    [{ id: '', sub: 's' }, undefined, 'id'],
    [{ id: {}, sub: 's' }, undefined, 'id'],
    [new Row(), 'row', 'id'],
    [{}, undefined, undefined],
  ])('K2a: of %o the first field with a value decides: %s', (user, key, field) => {
    expect(findUserKey(user, undefined)).toEqual({ key, field });
  });
});
