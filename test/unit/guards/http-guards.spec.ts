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
