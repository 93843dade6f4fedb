import { afterEach, describe, expect, it, vi } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import { failureLimiters, type FailureLimiter } from '../../../lib/policy/failure-limiter.js';
import type { FailureLimit } from '../../../lib/policy/options.js';

const own: FailureLimiter = {
  points: 3,
  get: () => Promise.resolve(null),
  consume: () => Promise.resolve(undefined),
};

afterEach(() => {
  vi.doUnmock('node:module');
});

describe('failureLimiters', () => {
  it('has none by default', () => {
    expect(failureLimiters({})).toEqual({ perAddress: undefined, perAccount: undefined });
  });

  it('takes a limiter of the application as it is', () => {
    expect(failureLimiters({ perAddress: own, perAccount: own })).toEqual({
      perAddress: own,
      perAccount: own,
    });
  });

  it('RL-01: counts in memory', async () => {
    const { perAddress } = failureLimiters({ perAddress: { points: 2, windowMs: 60_000 } });
    await perAddress?.consume('a');
    await perAddress?.consume('a');
    await expect(perAddress?.consume('a')).rejects.toBeDefined();
    const count = await perAddress?.get('a');
    expect(count?.consumedPoints).toBe(3);
    expect(count?.msBeforeNext).toBeGreaterThan(59_000);
    await expect(perAddress?.get('b')).resolves.toBeNull();
  });

  it.each<[FailureLimit, string]>([
    [{ points: 0, windowMs: 1_000 }, 'failedAttempts.perAddress.points'],
    [{ points: 1.5, windowMs: 1_000 }, 'failedAttempts.perAddress.points'],
    [{ points: 1, windowMs: 999 }, 'failedAttempts.perAddress.windowMs'],
    [{ points: 1, windowMs: Infinity }, 'failedAttempts.perAddress.windowMs'],
  ])('%j refuses to boot and names %s', (perAddress, option) => {
    const make = () => failureLimiters({ perAddress });
    expect(make).toThrow(WsAuthConfigurationError);
    expect(make).toThrow(new RegExp(`^${option}: expected a whole number`));
  });

  it('K11a: refuses a limiter without points, which would never be reached', () => {
    const { points: _points, ...pointless } = own;
    expect(() => failureLimiters({ perAddress: pointless as FailureLimiter })).toThrow(
      /^failedAttempts\.perAddress\.points: expected a whole number/,
    );
  });

  it('names the package that is missing', async () => {
    vi.resetModules();
    vi.doMock('node:module', () => ({
      createRequire: () => () => {
        throw new Error('Cannot find module');
      },
    }));
    const fresh = await import('../../../lib/policy/failure-limiter.js');
    expect(() => fresh.failureLimiters({ perAccount: { points: 1, windowMs: 1_000 } })).toThrow(
      'failedAttempts.perAccount: counting needs a package that is not installed; run npm install rate-limiter-flexible',
    );
  });
});
