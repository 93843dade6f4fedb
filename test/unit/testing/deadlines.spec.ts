import { describe, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/index.js';
import { Deadlines } from '../../../lib/testing/deadlines.js';

describe('the timeoutMs of the test kit', () => {
  it.each([Number.NaN, 0, -1, 0.5, 2 ** 31, '1000', null, {}, () => 1_000])(
    'K11: is refused with the name of the option: %s',
    (timeoutMs) => {
      const make = () => new Deadlines(timeoutMs as number);
      expect(make).toThrow(WsAuthConfigurationError);
      expect(make).toThrow(/^timeoutMs: expected a whole number from 1 to 2147483647, got /);
    },
  );

  it.each([1, 2 ** 31 - 1, Infinity])('may be %d', (timeoutMs) => {
    expect(new Deadlines(timeoutMs).timeoutMs).toBe(timeoutMs);
  });
});
