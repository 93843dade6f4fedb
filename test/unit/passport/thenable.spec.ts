import { describe, expect, it } from 'vitest';
import { isThenable } from '../../../lib/passport/thenable.js';

describe('isThenable', () => {
  it.each([undefined, null, 1, 'then', {}, () => undefined])('is false for %o', (value) => {
    expect(isThenable(value)).toBe(false);
  });

  it('is true for a promise of another library', () => {
    // oxlint-disable-next-line unicorn/no-thenable -- it is one
    expect(isThenable({ then: () => undefined })).toBe(true);
  });
});
