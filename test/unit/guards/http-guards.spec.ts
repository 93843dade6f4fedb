import { mixin } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { describe, expect, it } from 'vitest';
import {
  authenticatesRequests,
  checksUsers,
  guardName,
  isHttpGuard,
} from '../../../lib/guards/http-guards.js';

class OwnText extends AuthGuard('jwt') {
  static override toString(): never {
    throw new Error('no text');
  }
}

class NoText {
  static readonly toString = 'text';
}

const Derived = class extends AuthGuard('jwt') {};

describe('a guard, or whatever stands in the place of one', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'guard'],
    ['an arrow function', () => true],
    ['an object without a prototype', Object.create(null)],
    ['a function without a prototype', Object.setPrototypeOf(() => true, null)],
    ['a proxy', new Proxy(class {}, {})],
    ['a class whose toString() throws', OwnText],
    ['a class whose toString is no function', NoText],
    ['a bound class', Derived.bind(null)],
    ['a mixin', mixin(class Mixed {})],
  ])('K8a: is read without an exception: %s', (_what, guard: unknown) => {
    for (const read of [authenticatesRequests, checksUsers, guardName, isHttpGuard]) {
      expect(() => read(guard)).not.toThrow();
    }
  });
});

describe('a guard whose handleRequest()', () => {
  class Guard extends AuthGuard('jwt') {}
  const checks = (handleRequest: (user: { banned?: boolean; seenAt?: number }) => unknown) =>
    checksUsers(
      class extends Guard {
        static {
          Object.defineProperty(this.prototype, 'handleRequest', { value: handleRequest });
        }
      },
    );

  it('reads a field of the user is one that checks it', () => {
    expect(checks((user) => user.banned === true)).toBe(true);
    expect(checks((user) => user?.['banned'])).toBe(true);
  });

  it('K8a: has the word in a text, or writes a field, is none', () => {
    expect(checks(() => 'The request has no user. Sign in.')).toBe(false);
    expect(checks((user) => (user.seenAt = 1))).toBe(false);
  });
});
