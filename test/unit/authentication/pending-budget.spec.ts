import { describe, expect, it } from 'vitest';
import { PendingBudget } from '../../../lib/authentication/pending-budget.js';

describe('a pending budget', () => {
  it('refuses one too many of an address with 429, and one too many of all with 503', () => {
    const budget = new PendingBudget({ maxPending: 3, maxPendingPerAddress: 2 });
    expect(budget.take('a')).toBeUndefined();
    expect(budget.take('a')).toBeUndefined();
    expect(budget.take('a')).toMatchObject({
      code: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS',
      httpStatus: 429,
    });
    expect(budget.take('b')).toBeUndefined();
    expect(budget.take('c')).toMatchObject({ code: 'ERR_WS_AUTH_OVERLOADED', httpStatus: 503 });
    expect(budget.total).toBe(3);
  });

  it('gives places back', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 2 });
    budget.take('a');
    budget.take('a');
    budget.release('a');
    expect(budget.take('a')).toBeUndefined();
    budget.release('a');
    budget.release('a');
    expect(budget.total).toBe(0);
    expect(budget.take('a')).toBeUndefined();
  });
});
