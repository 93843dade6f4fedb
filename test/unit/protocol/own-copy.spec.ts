import { describe, expect, it } from 'vitest';
import { ownCopy } from '../../../lib/protocol/own-copy.js';

// That it keeps nothing of the other text is shown in test/security/kept-credentials.security-spec.ts.
describe('ownCopy', () => {
  it.each(['', '/chat', 'café', 'x'.repeat(8_192)])('has the same characters: %j', (text) => {
    expect(ownCopy(text)).toBe(text);
  });
});
