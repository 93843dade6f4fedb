import { expect, it } from 'vitest';
import { containEnd } from '../../../../lib/adapters/graphql-ws/source-end.js';

function failing(): AsyncIterator<string> {
  return {
    next: () => Promise.resolve({ value: 'news', done: false }),
    return: () => Promise.reject(new Error('unsubscribed twice')),
  };
}

it('K6f: a source ends without its fault', async () => {
  await expect(containEnd(failing()).return?.()).resolves.toEqual({ value: undefined, done: true });
});

it('K6f: a source that is frozen is served as it is', () => {
  const source = Object.freeze(failing());
  expect(containEnd(source)).toBe(source);
});
