import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../lib/policy/check-options.js';
import { moduleOptions } from '../../../lib/policy/option-table.js';
import { ws } from '../../../lib/ws.js';

describe('the options of the module', () => {
  it.each([
    [{ failedAttempts: {} }, /^failedAttempts: no limit is given; pass perAddress or perAccount/],
    [{ events: { authenticated: 'authenticate' } }, /^events: expected a different name/],
    [
      { platform: ws },
      /^platform: expected ws\(\) of nestjs-ws-auth\/ws or socketIo\(\) of .*, got /,
    ],
    [{ platform: 'ws' }, /^platform: expected ws\(\)/],
  ])('K11b: refuse what has no effect: %o', (options, message) => {
    expect(() => checkOptions(moduleOptions, options)).toThrow(message);
  });

  it('take a platform', () => {
    expect(checkOptions(moduleOptions, { platform: ws() }).platform?.transport).toBe('ws');
  });
});
