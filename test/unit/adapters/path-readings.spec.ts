import { describe, expect, it } from 'vitest';
import { isBelow } from '../../../lib/adapters/path-readings.js';

describe('the readings of a request target', () => {
  it.each([
    '/yjs',
    '/yjs/',
    '/yjs/room',
    '/yjs?token=x',
    '/yjs2',
    '/YJS/room',
    '/%79js',
    '/%79%6As',
    '/%2579js',
    '//yjs',
    '/./yjs',
    '/x/../yjs',
    '/x/%2e%2e/yjs',
    '/yjs/../x',
    '\\yjs',
    '/\\yjs',
    'http://host/yjs',
    'ws://host/yjs/room?x',
    '//host/yjs',
    '/yjs#fragment',
    '/%E0%79js/../yjs',
    '/%E0%2F..%2Fyjs',
    '/%2579js%FF',
  ])('a server may take %s for /yjs', (target) => {
    expect(isBelow('/yjs', target)).toBe(true);
  });

  it.each(['/', '/chat', '/yj', '/x/yjs', '/%', '/?/yjs', '/chat?next=/yjs', '*', ''])(
    'no server takes %s for /yjs',
    (target) => {
      expect(isBelow('/yjs', target)).toBe(false);
    },
  );

  it('everything is below the root', () => {
    expect(['/', '/chat', '//', '*', 'http://host'].filter((each) => !isBelow('/', each))).toEqual(
      [],
    );
  });
});
