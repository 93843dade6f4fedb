import { describe, expect, it, vi } from 'vitest';
import { PendingBudget } from '../../../lib/authentication/pending-budget.js';

describe('a pending budget', () => {
  const a = { address: 'a' };
  const b = { address: 'b' };
  const c = { address: 'c' };

  it('refuses one too many of an address with 429, and one too many of all with 503', () => {
    const budget = new PendingBudget({ maxPending: 3, maxPendingPerAddress: 2 });
    expect(budget.take(a)).toBeUndefined();
    expect(budget.take(a)).toBeUndefined();
    expect(budget.take(a)).toMatchObject({
      code: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS',
      httpStatus: 429,
    });
    expect(budget.take(b)).toBeUndefined();
    expect(budget.take(c)).toMatchObject({ code: 'ERR_WS_AUTH_OVERLOADED', httpStatus: 503 });
    expect(budget.total).toBe(3);
  });

  it('gives places back', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 2 });
    budget.take(a);
    budget.take(a);
    budget.release(a);
    expect(budget.take(a)).toBeUndefined();
    budget.release(a);
    budget.release(a);
    expect(budget.total).toBe(0);
    expect(budget.take(a)).toBeUndefined();
  });

  it('counts whoever came first as soon as somebody else is there', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 1 });
    budget.take(a);
    expect(budget.take({ address: 'a' })).toMatchObject({ code: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS' });
    budget.release(a);
    expect(budget.take({ address: 'a' })).toBeUndefined();
  });

  it('asks nobody for an address who is alone', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 1 });
    const address = vi.fn(() => 'a');
    const holder = Object.defineProperty({ address: '' }, 'address', { get: address });
    budget.take(holder);
    budget.release(holder);
    expect(address).not.toHaveBeenCalled();
    expect(budget.total).toBe(0);
  });
});
