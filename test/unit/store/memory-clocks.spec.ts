import { beforeEach, expect, it, vi } from 'vitest';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import { hourMs, minuteMs, restoreClocks, useAllFakeClocks } from '../../support/clocks.js';

beforeEach(() => useAllFakeClocks());
restoreClocks();

const ticket = { digest: 'd', userId: 'alice', payload: '{}', ttlMs: minuteMs };
const limits = { maxPerUser: 9, maxTotal: 9 };
const revocation = { kind: 'token', id: 't', before: 0, rememberMs: hourMs } as const;
const setBy = (byMs: number) => vi.setSystemTime(Date.now() + byMs);

it.each([0, -hourMs, hourMs])(
  'a ticket is void after its time, with the wall clock set by %i ms',
  async (byMs) => {
    const store = new MemoryWsAuthStore();
    await store.putTicket(ticket, limits);
    setBy(byMs);
    vi.advanceTimersByTime(minuteMs);
    expect(await store.takeTicket('d')).toBe(undefined);
  },
);

it.each([-2 * hourMs, 2 * hourMs])(
  'a revocation is kept for its time, with the wall clock set by %i ms for a while',
  async (byMs) => {
    const store = new MemoryWsAuthStore();
    await store.addRevocation(revocation);
    setBy(byMs);
    vi.advanceTimersByTime(2_000);
    await store.addRevocation({ ...revocation, id: 'other' });
    const { revocations } = await store.revocationsSince(undefined);
    expect(revocations.map(({ rememberMs }) => rememberMs >= hourMs - 2_000)).toEqual([true, true]);
    setBy(-byMs);
    expect(await store.isRevoked({ tokenId: 't' })).toBe(true);
    vi.advanceTimersByTime(2 * hourMs);
    expect(await store.isRevoked({ tokenId: 't' })).toBe(false);
  },
);

it('a lease and a presence end by the monotonic clock', async () => {
  const store = new MemoryWsAuthStore();
  const lease = { userId: 'alice', limit: 1, leaseMs: minuteMs, onLimit: 'refuse' } as const;
  await store.claimLease({ ...lease, sessionId: 'one' });
  await store.putPresence('node', new Map([['alice', 'record']]), minuteMs);
  setBy(hourMs);
  expect(await store.claimLease({ ...lease, sessionId: 'two' })).toBe('full');
  expect(await store.presenceOf('alice')).toHaveLength(1);
  setBy(-2 * hourMs);
  vi.advanceTimersByTime(minuteMs);
  expect(await store.claimLease({ ...lease, sessionId: 'two' })).toEqual([]);
  expect(await store.presenceOf('alice')).toEqual([]);
});
