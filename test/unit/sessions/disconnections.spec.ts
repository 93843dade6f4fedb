import { expect, it, vi } from 'vitest';
import { Disconnections, storedDisconnection } from '../../../lib/sessions/disconnections.js';
import { hourMs, restoreClocks, useAllFakeClocks } from '../../support/clocks.js';

restoreClocks();

it('a disconnection that is read again is known, although the wall clock was set meanwhile', () => {
  useAllFakeClocks();
  const known = new Disconnections();
  const disconnection = storedDisconnection({ userId: 'alice' }, {});
  expect(known.take(disconnection)).toBe(true);
  vi.setSystemTime(Date.now() + hourMs);
  expect(known.take(disconnection)).toBe(false);
  vi.advanceTimersByTime(hourMs);
  expect(known.take(disconnection)).toBe(true);
});
