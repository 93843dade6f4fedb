import { describe, expect, it } from 'vitest';
import { adviceOf } from '../../../lib/redis/redis-advice.js';

const info = (facts: Record<string, string>) =>
  ['# Server', ...Object.entries(facts).map(([name, value]) => `${name}:${value}`), ''].join(
    '\r\n',
  );

const fit = { redis_version: '7.0.15', maxmemory_policy: 'noeviction', role: 'master' };

describe('the advice about a Redis', () => {
  it.each(['6.2.0', '6.10.1', '7.0.15', '8.0.0', '7.2.4-rc1'])(
    'is nothing for version %s',
    (version) => {
      expect(adviceOf(info({ ...fit, redis_version: version }))).toEqual([]);
    },
  );

  it.each(['6.0.16', '5.0.7', '2.8.0', '6.1.240'])(
    'names version %s, which is too old',
    (version) => {
      expect(adviceOf(info({ ...fit, redis_version: version }))).toEqual([
        expect.stringContaining(`redis ${version} is too old`),
      ]);
    },
  );

  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('names the policy %s', (policy) => {
    expect(adviceOf(info({ ...fit, maxmemory_policy: policy }))).toEqual([
      expect.stringMatching(new RegExp(`noeviction, it is ${policy}$`)),
    ]);
  });

  it('names a replica', () => {
    expect(adviceOf(info({ ...fit, role: 'slave' }))).toEqual([expect.stringContaining('replica')]);
  });

  it('is one sentence for each, and nothing for what is not stated', () => {
    const unfit = { redis_version: '5.0.7', maxmemory_policy: 'allkeys-lru', role: 'slave' };
    expect(adviceOf(info(unfit))).toHaveLength(3);
    expect(adviceOf('')).toEqual([]);
    expect(adviceOf('no facts\r\nredis_version\r\n:')).toEqual([]);
  });

  it('repeats nothing but names and versions', () => {
    const [advice] = adviceOf(info({ ...fit, maxmemory_policy: 'x\u001b[31m y' }));
    expect(advice).toMatch(/it is x31my$/);
  });
});
