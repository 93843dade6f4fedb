import { describe, expect, it } from 'vitest';
import { andThen, isThenable } from '../../../lib/passport/maybe-promise.js';

const double = (value: number) => value * 2;
const down = new Error('down');

describe('andThen', () => {
  it('continues synchronously with a value', () => {
    expect(andThen(1, double)).toBe(2);
  });

  it('waits for what comes later', async () => {
    await expect(andThen(Promise.resolve(1), double)).resolves.toBe(2);
  });

  it('knows promises of other libraries', () => {
    const later: PromiseLike<number> = {
      // oxlint-disable-next-line unicorn/no-thenable -- it is one
      then: (onValue) => onValue!(1) as never,
    };
    expect(andThen(later, double)).toBe(2);
  });

  it('passes on a promise that rejects', async () => {
    const told: unknown[] = [];
    await andThen(Promise.reject(down), double, (error) => told.push(error));
    expect(told).toEqual([down]);
  });
});

describe('isThenable', () => {
  it.each([undefined, null, 1, 'then', {}, () => undefined])('is false for %o', (value) => {
    expect(isThenable(value)).toBe(false);
  });
});
