import { describe, expect, it } from 'vitest';
import { runAll } from '../../../lib/errors/run-all.js';

describe('runAll', () => {
  it.each([[[]], [[0]], [[1]], [[0, 2]], [[0, 1, 2]]])(
    'K12c: runs every callback where %j throw, and throws the first error afterwards',
    (throwing: readonly number[]) => {
      const ran: number[] = [];
      const callbacks = [0, 1, 2].map((index) => () => {
        ran.push(index);
        if (throwing.includes(index)) {
          throw new Error(`callback ${index}`);
        }
      });
      const run = () => runAll(callbacks);
      if (throwing.length === 0) {
        run();
      } else {
        expect(run).toThrow(`callback ${throwing[0]}`);
      }
      expect(ran).toEqual([0, 1, 2]);
    },
  );
});
