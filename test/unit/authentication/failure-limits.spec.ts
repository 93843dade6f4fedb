import { describe, expect, it } from 'vitest';
import { FailureLimits } from '../../../lib/authentication/failure-limits.js';
import type { FailureLimiter } from '../../../lib/policy/failure-limiter.js';
import { settle } from '../../support/turns.js';

function keysFor(account: string): string[] {
  const keys: string[] = [];
  const perAccount: FailureLimiter = {
    points: 1,
    get: () => Promise.resolve(null),
    consume: (key) => Promise.resolve(keys.push(key)),
  };
  new FailureLimits({ perAddress: undefined, perAccount }).count({ address: 'a', account });
  return keys;
}

describe('limits of failed attempts', () => {
  it('name an account so that no other has the same key', () => {
    expect(keysFor('alice')).toEqual([`account:${Buffer.from('alice').toString('base64url')}`]);
  });

  it('K6: keep no more of a name than 128 characters, however long a client makes it', () => {
    const [long] = keysFor('x'.repeat(8_000));
    const [other] = keysFor(`${'x'.repeat(7_999)}y`);
    expect(long!.length).toBeLessThan(200);
    expect(long).not.toBe(other);
  });

  it.each<[string, () => unknown]>([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('SECRET'))],
    ['returns no promise', () => undefined],
    ['never settles', () => new Promise(() => undefined)],
  ])(
    'K12d: count with a limiter that %s, and the refusal stays what it is',
    async (_name, consume) => {
      const perAddress = { points: 1, get: () => Promise.resolve(null), consume } as FailureLimiter;
      const limits = new FailureLimits({ perAddress, perAccount: undefined });
      expect(() => limits.count({ address: '192.0.2.1', account: undefined })).not.toThrow();
      await settle();
    },
  );
});

function fail(): never {
  throw new Error('SECRET');
}
