import { describe, expect, it } from 'vitest';
import { fixOf } from '../../../lib/protocol/refusal-fix.js';

const own = 'http://chat.example.com';

describe('the fix of a refused origin', () => {
  it.each([
    ['none', own, 'origin none', /sent no Origin, as programs do, .* set Origin/],
    ['null', own, 'origin null', /sandboxed frame, a file or a data URL/],
    ['unreadable', own, 'origin unreadable', /without a path and without a slash/],
    ['https://app.example.com', 'predicate', 'origin predicate', /has to return true/],
    ['https://chat.example.com', own, 'origin scheme', /set trustProxy if a proxy ends TLS/],
    ['https://app.example.com', own, 'origin', /^add the origin of the page to allowedOrigins/],
    ['http://chat.example.com:81', own, 'origin', /^add the origin of the page/],
  ])('K8j: is its own for %s where %s is expected', (sent, expected, of, text) => {
    const origin = { sent, expected: ['https://other.example', expected] };
    const fix = fixOf({ check: 'origin', origin });
    expect(fix).toEqual({ of, text: expect.stringMatching(text) });
    expect(fix!.text.length).toBeLessThan(220);
  });
});
