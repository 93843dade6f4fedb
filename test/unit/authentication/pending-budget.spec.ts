import { describe, expect, it, vi } from 'vitest';
import { abandonedHoldMs, PendingBudget } from '../../../lib/authentication/pending-budget.js';
import { Refusal } from '../../../lib/protocol/refusal.js';

const presents = () => true;

/** As many clients that wait for their first message. */
function wait(budget: PendingBudget, count: number, address = 'a') {
  return Array.from({ length: count }, () => {
    const holder = { address };
    const evict = vi.fn();
    expect(budget.take(holder)).toBeUndefined();
    budget.mayEvict(holder, evict);
    return { holder, evict };
  });
}

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

  it('counts the first connection as soon as there is a second', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 1 });
    budget.take(a);
    expect(budget.take({ address: 'a' })).toMatchObject({ code: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS' });
    budget.release(a);
    expect(budget.take({ address: 'a' })).toBeUndefined();
  });

  it('does not read the address of a single connection', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 1 });
    const address = vi.fn(() => 'a');
    const holder = Object.defineProperty({ address: '' }, 'address', { get: address });
    budget.take(holder);
    budget.release(holder);
    expect(address).not.toHaveBeenCalled();
    expect(budget.total).toBe(0);
  });

  it.each([
    { maxPending: 3, maxPendingPerAddress: 9 },
    { maxPending: 9, maxPendingPerAddress: 3 },
  ])('K6f: evicts the oldest that waits for one that presents a credential: %o', (limits) => {
    const budget = new PendingBudget(limits);
    const waiting = wait(budget, 3);
    expect(budget.take({ address: 'a' })).toBeInstanceOf(Refusal);
    expect(budget.take({ address: 'a' }, presents)).toBeUndefined();
    expect(waiting.map(({ evict }) => evict.mock.calls.length)).toEqual([1, 0, 0]);
    expect(budget.total).toBe(3);
    budget.release(waiting[0]!.holder);
    expect(budget.total).toBe(3);
  });

  it('K6f: evicts none that is being judged, and none twice', () => {
    const budget = new PendingBudget({ maxPending: 2, maxPendingPerAddress: 9 });
    const [judged, silent] = wait(budget, 2);
    budget.keep(judged!.holder);
    expect(budget.take(b, presents)).toBeUndefined();
    budget.mayEvict(silent!.holder, silent!.evict);
    expect(budget.take(c, presents)).toMatchObject({ code: 'ERR_WS_AUTH_OVERLOADED' });
    expect(judged!.evict).not.toHaveBeenCalled();
    expect(silent!.evict).toHaveBeenCalledOnce();
  });

  it('K6f: leaves an eighth of many slots to clients that present nothing', () => {
    const budget = new PendingBudget({ maxPending: 64, maxPendingPerAddress: 64 });
    for (let count = 0; count < 56; count += 1) {
      expect(budget.take({ address: 'a' }, presents)).toBeUndefined();
    }
    expect(budget.take(b, presents)).toMatchObject({ code: 'ERR_WS_AUTH_OVERLOADED' });
    wait(budget, 8);
    expect(budget.take(b)).toMatchObject({ code: 'ERR_WS_AUTH_OVERLOADED' });
  });

  it('K6f: asks whether a client presents anything only where slots are scarce', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 2 });
    const asked = vi.fn(presents);
    budget.take({ address: 'a' }, asked);
    budget.take({ address: 'a' }, asked);
    expect(asked).not.toHaveBeenCalled();
    budget.take({ address: 'a' }, asked);
    expect(asked).toHaveBeenCalledOnce();
  });

  it('K6c: counts what has outlived its client against the limits, and not as pending', () => {
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 2 });
    budget.take(a);
    const ends = [budget.abandon(a), budget.adopt(a)];
    expect(budget.total).toBe(0);
    expect(budget.take(a)).toMatchObject({ code: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS' });
    ends.forEach((end) => {
      end();
      end();
    });
    expect(budget.take(a)).toBeUndefined();
    expect(budget.total).toBe(1);
  });

  it('K6c: forgets what never ends after a minute', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const budget = new PendingBudget({ maxPending: 9, maxPendingPerAddress: 1 });
    const end = budget.adopt(a);
    vi.advanceTimersByTime(abandonedHoldMs - 1);
    expect(budget.take(a)).toBeInstanceOf(Refusal);
    vi.advanceTimersByTime(1);
    expect(budget.take(a)).toBeUndefined();
    end();
    expect(budget.total).toBe(1);
    vi.useRealTimers();
  });
});
