import { describe, expect, it } from 'vitest';
import { KeyCheck, type KeySources } from '../../../lib/authentication/key-check.js';
import type { Principal } from '../../../lib/authentication/principal.js';
import { findUserKey } from '../../../lib/policy/user-key.js';

interface Options {
  readonly maxSessionsPerUser?: number;
  readonly userId?: (user: never) => string | undefined;
  readonly sources?: KeySources;
}

function checkWith({ maxSessionsPerUser = Infinity, userId, sources }: Options = {}) {
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const keys = new KeyCheck({ maxSessionsPerUser, userId }, warn, sources);
  const check = (user: object, strategy = 'jwt') => {
    const { key, field } = findUserKey(user, userId);
    return keys.check({ userId: key, keyField: field } as Principal, strategy);
  };
  return { check, warnings };
}

describe('KeyCheck', () => {
  it.each([[{}], [{ email: 'a@b' }], [{ id: {} }], [{ id: '' }], [{ sub: [] }]])(
    'K2b: lets %o in where nothing is counted by user, and warns once',
    (user) => {
      const { check, warnings } = checkWith();
      expect([check(user), check(user), check({})]).toEqual([undefined, undefined, undefined]);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(
        /^userId: a user of the strategy jwt has no key, and cannot be limited, renewed, found/,
      );
      expect(warnings[0]).toMatch(/set the option userId$/);
    },
  );

  it.each([1, 5, Number.MAX_SAFE_INTEGER])(
    'K2b: refuses a user without a key where maxSessionsPerUser is %i, and warns once',
    (maxSessionsPerUser) => {
      const { check, warnings } = checkWith({ maxSessionsPerUser });
      const refusal = { code: 'ERR_WS_AUTH_NOT_PERMITTED', httpStatus: 403, closeCode: 3003 };
      expect(check({ email: 'a@b' })).toMatchObject(refusal);
      expect(check({ id: Number.NaN })).toMatchObject(refusal);
      expect(check({ id: 1 })).toBeUndefined();
      expect(warnings).toEqual([
        'userId: a user of the strategy jwt has no key, and is refused, because maxSessionsPerUser is set; return id, sub, ' +
          'userId, _id, username from validate(), or set the option userId',
      ]);
    },
  );

  it('K2b: names the field that cannot be a key, or the option', () => {
    const byField = checkWith();
    byField.check({ sub: {} });
    expect(byField.warnings[0]).toContain('its field sub is not a text');
    const byOption = checkWith({ userId: () => undefined });
    byOption.check({ id: 1 });
    expect(byOption.warnings[0]).toContain('the option userId must return a text');
  });

  it('K2b: never shows a value', () => {
    const { check, warnings } = checkWith();
    check({ id: ['secret'], email: 'secret' });
    expect(warnings.join()).not.toContain('secret');
  });

  it('K10c: warns once when keys come from different fields, in whatever policy', () => {
    const sources: KeySources = new Map();
    const [one, two] = [checkWith({ sources }), checkWith({ sources })];
    one.check({ id: '42' }, 'oauth');
    one.check({ id: '43' }, 'jwt');
    two.check({ username: '42' }, 'local');
    two.check({ username: '43' }, 'local');
    two.check({ sub: '42' }, 'jwt');
    expect(one.warnings).toEqual([]);
    expect(two.warnings).toHaveLength(1);
    expect(two.warnings[0]).toContain('id (strategy oauth) and username (strategy local)');
    expect(two.warnings[0]).toMatch(/^userId: .*set the option userId/);
  });

  it.each<[string, object, object]>([
    ['of one field', { sub: '1' }, { sub: '2' }],
    ['of a Mongoose document and its JSON', { id: 'a', _id: 'a' }, { _id: 'a' }],
  ])('K10c: does not warn of keys %s', (_what, first, second) => {
    const { check, warnings } = checkWith();
    check(first, 'local');
    check(second, 'jwt');
    expect(warnings).toEqual([]);
  });

  it('K10c: does not warn of keys that the application names', () => {
    const { check, warnings } = checkWith({ userId: () => 'named' });
    check({ id: '42' }, 'oauth');
    check({ username: '42' }, 'local');
    expect(warnings).toEqual([]);
  });
});
