import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pulse } from '../../../lib/client/pulse.js';
import { defaultEventNames } from '../../../lib/protocol/message.js';

describe('the pulse of a connection', () => {
  const sent = vi.fn<(ping: string) => void>();
  const silent = vi.fn<() => void>();
  const begin = (heartbeatMs: number, timeoutMs = 5_000) => {
    const pulse = new Pulse({ heartbeatMs, timeoutMs, events: defaultEventNames }, sent, silent);
    pulse.beat();
    return pulse;
  };
  beforeEach(() => {
    vi.useFakeTimers();
    sent.mockReset();
    silent.mockReset();
  });
  afterEach(() => vi.useRealTimers());

  it('K7m: finds silence within heartbeatMs and timeoutMs', () => {
    begin(10_000);
    vi.advanceTimersByTime(10_000);
    expect(sent.mock.calls).toEqual([['{"event":"nestjs-ws-auth:ping"}']]);
    vi.advanceTimersByTime(4_999);
    expect(silent).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(silent).toHaveBeenCalledTimes(1);
  });

  it('K7m: asks for nothing while there is other life, and takes everything for an answer', () => {
    const pulse = begin(10_000);
    for (let beats = 0; beats < 9; beats += 1) {
      vi.advanceTimersByTime(9_999);
      pulse.beat();
    }
    expect(sent).not.toHaveBeenCalled();
    vi.advanceTimersByTime(14_999);
    pulse.beat();
    vi.advanceTimersByTime(9_999);
    expect([sent.mock.calls.length, silent.mock.calls.length]).toEqual([1, 0]);
  });

  it('K7a: asks once until there is an answer, however often it is woken', () => {
    const pulse = begin(Infinity);
    for (let wakes = 0; wakes < 31; wakes += 1) {
      pulse.probe();
      vi.advanceTimersByTime(100);
    }
    expect(sent).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(5_000);
    expect(silent).toHaveBeenCalledTimes(1);
  });

  it.each([
    [0, 0],
    [Infinity, 1],
  ])(
    'K7m: with a heartbeat of %d leaves no timer, and asks %d times when woken',
    (beatMs, asked) => {
      const pulse = begin(beatMs);
      expect(vi.getTimerCount()).toBe(0);
      pulse.probe();
      expect(sent).toHaveBeenCalledTimes(asked);
      pulse.stop();
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});
