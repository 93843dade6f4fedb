import { compileFunction } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../lib/guards/code-of.js';

/** Compiled here, since what compiles the tests removes comments. */
const written = (body: string) => codeOf(compileFunction(body) as () => unknown);

describe('K8a: the code of a function', () => {
  it.each(['// left', '/* left */', '/* left\n left */', 'run(); // left\n', "'//'; // left"])(
    'has no comments: %j',
    (body) => expect(written(body)).not.toContain('left'),
  );

  it.each([
    "'http://host'",
    '"/* text"',
    '`//${1}`',
    String.raw`'\'//'`,
    '4 / 2',
    "/* a */ '//' /* b */",
    String.raw`t.replace(/^https?:\/\//, 1), "//"`,
    String.raw`/[/]"\//.test(t), 1`,
    '`${a ? `//${b}` : {}}//`, 1',
    "n++ / 2 + '//' / 1",
  ])('has all texts: %j', (body) =>
    expect(written(body)).toContain(body.replace(/^\/\* a \*\/ | \/\* b \*\/$/g, '')),
  );

  it('K6b: has a text of megabytes, such as a program for WebAssembly', () => {
    expect(written(`'${'a'.repeat(16_000_000)}' // left`).includes('left')).toBe(false);
  });

  it('is that of the language where a class has another toString()', () => {
    class Named {
      static toString(): never {
        throw new Error('no text');
      }
    }
    expect(codeOf(Named)).toMatch(/^class Named/);
  });
});
