import { describe, expect, it } from 'vitest';
import { recordsAnswer } from '../../../lib/store/store-answers.js';

describe('what a store answers to the question what nodes have published', () => {
  it.each([[[]], [[{ node: 'a', record: '{}' }]]])('RD-11: may be %j', (records) => {
    expect(recordsAnswer(records)).toBe(records);
  });

  it.each([
    [undefined],
    [{}],
    [[undefined]],
    [['{}']],
    [[{ node: 'a' }]],
    [[{ node: 1, record: '{}' }]],
    [
      [
        { node: 'a', record: '{}' },
        { node: 'b', record: {} },
      ],
    ],
  ])('RD-11: is a failure of the store if it is %j', (answer) => {
    expect(() => recordsAnswer(answer)).toThrow('answered no list of records');
  });
});
