import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { headOf, requestOf } from '../../../lib/adapters/upgrade-head.js';
import { handshakeLines, upgradeRequest, type HeaderLines } from '../support/requests.js';

/** The request that a session makes of what it has kept. */
function kept(lines: HeaderLines) {
  return requestOf(headOf(upgradeRequest('/chat?token=x', lines), '/chat'), new Socket());
}

describe('what a session keeps of its upgrade', () => {
  it.each([
    ['fields', [['X-Tenant', 'a']], ['X-Tenant', 'a']],
    [
      'a field in two lines',
      [
        ['X-A', 'a'],
        ['x-a', 'b'],
        ['X-B', 'c'],
      ],
      ['X-A', 'a, b', 'X-B', 'c'],
    ],
    [
      'an empty field',
      [
        ['X-A', ''],
        ['X-B', 'c'],
      ],
      ['X-A', '', 'X-B', 'c'],
    ],
  ] as const)('gives back %s', (_what, lines, rawHeaders) => {
    const request = kept(lines);
    expect(request).toMatchObject({ url: '/chat', httpVersion: '1.1', httpVersionMajor: 1 });
    expect(request.headers).toEqual({ ...upgradeRequest('/chat', lines).headers });
    expect(request.rawHeaders).toEqual([...handshakeLines.flat(), ...rawHeaders]);
  });

  it('is not mixed up between clients that send other fields', () => {
    const heads = ['X-One', 'X-Two', 'X-One'].map((name) =>
      headOf(upgradeRequest('/chat', [[name, 'value']]), '/chat'),
    );
    const names = heads.map((head) => requestOf(head, new Socket()).rawHeaders.at(-2));
    expect(names).toEqual(['X-One', 'X-Two', 'X-One']);
  });
});
