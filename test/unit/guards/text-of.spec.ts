import { expect, it } from 'vitest';
import { textOf } from '../../../lib/guards/text-of.js';

it('K8a: the code of a class is that of the language where the class has another toString()', () => {
  class Named {
    static toString(): never {
      throw new Error('no text');
    }
  }
  expect(textOf(Named)).toMatch(/^class Named/);
});
