import { UnauthorizedException } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import { nameOfReason, safeFieldNames } from '../../../lib/protocol/safe-name.js';
import { fc } from '../../support/property.js';
import { tokenOf } from '../../support/tokens.js';

class LdapError extends Error {}

const unreadable = {
  get name(): string {
    throw new Error('not to be read');
  },
};

describe('the name of a reason', () => {
  it.each<[string, unknown, string | undefined]>([
    ['an expired token', new jwt.TokenExpiredError('jwt expired', new Date()), 'TokenExpiredError'],
    ['a forged token', new jwt.JsonWebTokenError('invalid signature'), 'JsonWebTokenError'],
    ['an early token', new jwt.NotBeforeError('jwt not active', new Date()), 'NotBeforeError'],
    ['an HTTP exception', new UnauthorizedException('secret'), 'UnauthorizedException'],
    ['an error of a class without a name of its own', new LdapError('secret'), 'LdapError'],
    ['a plain error', new Error('secret'), 'Error'],
    [
      'an object with a name',
      { name: 'IncorrectPasswordError', message: 'secret' },
      'IncorrectPasswordError',
    ],
    ['an object with a message', { message: 'secret' }, undefined],
    ['a text', 'secret', undefined],
    ['nothing', undefined, undefined],
    ['null', null, undefined],
    ['a number', 401, undefined],
    ['a list', ['secret'], undefined],
    ['an object that cannot be read', unreadable, undefined],
    [
      'an error whose name is a token',
      Object.assign(new Error('x'), { name: tokenOf('a') }),
      'Error',
    ],
    ['an object whose name is a token', { name: tokenOf('a') }, undefined],
    ['an error without a prototype', Object.setPrototypeOf(new Error('x'), null), undefined],
  ])('K8g: of %s', (_what, reason, name) => {
    expect(nameOfReason(reason)).toBe(name);
  });

  it('K8g: is an identifier, whatever the reason is', () => {
    fc.assert(
      fc.property(fc.anything(), (reason) => {
        expect(nameOfReason(reason) ?? 'none').toMatch(/^[A-Za-z_$][\w$]{0,63}$/);
      }),
    );
  });
});

describe('the names of the fields of a message', () => {
  it('K8p: are kept where they look like names', () => {
    const message = {
      accessToken: 1,
      access_token: 1,
      'x-token': 1,
      oauth2: 1,
      'user.name': 1,
      $t: 1,
    };
    expect(safeFieldNames(message)).toEqual(Object.keys(message));
  });

  it.each([
    '',
    'a b',
    'a\nb',
    tokenOf('a'),
    'canary-0f3c2a91',
    'sk_live_51H8',
    'ключ',
    'x'.repeat(33),
  ])('K8p: leave %j out, which could be a value', (name) => {
    expect(safeFieldNames({ [name]: 1, token: 1 })).toEqual(expect.arrayContaining(['?', 'token']));
    expect(safeFieldNames({ [name]: 1 })).toEqual(['?']);
  });

  it('K8p: are ten at most', () => {
    const many = Object.fromEntries(
      Array.from({ length: 26 }, (_, index) => [`f${'x'.repeat(index)}`, 1]),
    );
    expect(safeFieldNames(many)).toHaveLength(11);
    expect(safeFieldNames(many).at(-1)).toBe('...');
  });
});

it('K8g: is not the name of a user, or one that may be a secret', () => {
  expect(nameOfReason({ name: 'alice' })).toBeUndefined();
  expect(nameOfReason(Object.assign(new Error('x'), { name: 'a1b2c3d4' }))).toBe('Error');
  expect(nameOfReason({ name: 'LdapError' })).toBe('LdapError');
});
