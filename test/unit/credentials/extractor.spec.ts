import { describe, expect, it } from 'vitest';
import { strategyNames } from '../../../lib/credentials/extractor.js';

describe('strategyNames', () => {
  it.each([
    [{}, undefined],
    [{ strategy: 'jwt' }, ['jwt']],
    [{ strategy: ['jwt', 'basic'] }, ['jwt', 'basic']],
  ])('reads %j', (options, names) => {
    expect(strategyNames(options)).toEqual(names);
  });

  it('keeps a copy that cannot be changed', () => {
    const strategy = ['jwt'];
    const names = strategyNames({ strategy });
    strategy.push('anonymous');
    expect(names).toEqual(['jwt']);
    expect(Object.isFrozen(names)).toBe(true);
  });
});
