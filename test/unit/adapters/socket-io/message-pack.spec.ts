import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  holdsWhatItAnnounces,
  readsMessagePack,
} from '../../../../lib/adapters/socket-io/message-pack.js';
import { messagePackParser, notepack } from '../../../support/message-pack.js';

const sizes = [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536];

const numbers = [0, 127, 128, 256, 65_536, 2 ** 33, 1.5, -1, -33, -129, -40_000, -(2 ** 33)];

/** One value of each kind, and of each size that has a head of its own. */
const values: readonly unknown[] = [
  null,
  undefined,
  true,
  new Date(0),
  ...numbers,
  ...sizes.map((size) => 'x'.repeat(size)),
  ...sizes.map((size) => Buffer.alloc(size)),
  ...sizes.map((size) => Array.from({ length: size }, (_, index) => index)),
  ...sizes.map((size) => Object.fromEntries(Array.from({ length: size }, (_, key) => [key, null]))),
  { type: 2, nsp: '/', data: ['echo', [{ a: [1, 'b'] }], Buffer.from('c')], id: 7 },
];

/** Heads of lists that are longer than 8 KB can be. */
const heads = ['dcffff', 'ddffffffff', 'dd01000000', 'deffff', 'dfffffffff', '9f', '8f', 'dc2000'];

describe('a value in MessagePack', () => {
  it('holds what it announces if it was encoded', () => {
    for (const value of values) {
      const bytes = notepack.encode([value, value]);
      expect([value, holdsWhatItAnnounces(bytes)]).toEqual([value, true]);
      const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      expect(holdsWhatItAnnounces(copy)).toBe(true);
      expect(holdsWhatItAnnounces(bytes.subarray(0, -1))).toBe(false);
    }
  });

  it.each(heads)('K6b: does not if it repeats %s', (head) => {
    for (const size of [head.length / 2, 8_192]) {
      expect(holdsWhatItAnnounces(Buffer.alloc(size, head, 'hex'))).toBe(false);
    }
  });

  it('holds the fields of records, which msgpackr writes behind their heads', () => {
    // `[{ a: 1 }, { a: 2 }]`
    const records = Buffer.from('92d4724091a161014002', 'hex');
    expect(holdsWhatItAnnounces(records)).toBe(true);
    const long = Buffer.alloc(8_190, 'dcffff', 'hex');
    expect(holdsWhatItAnnounces(Buffer.concat([records.subarray(1), long]))).toBe(false);
  });

  it.each(['', 'c6ffffffff00', 'db7fffffff00', 'c9ffffffff0000', 'c8ff', 'd8', 'cb00', 'a2'])(
    'does not if it is %s',
    (hex) => {
      expect(holdsWhatItAnnounces(Buffer.from(hex, 'hex'))).toBe(false);
    },
  );

  it('is bytes: a text is left to the decoder', () => {
    expect(holdsWhatItAnnounces('x')).toBe(true);
  });
});

describe('a parser', () => {
  it('reads MessagePack if it reads a packet', () => {
    expect(readsMessagePack(messagePackParser)).toBe(true);
  });

  it.each([
    undefined,
    {},
    { Decoder: class extends EventEmitter {} },
    {
      Decoder: class extends EventEmitter {
        add(data: unknown): void {
          this.emit('decoded', { type: 0, nsp: data });
        }
      },
    },
  ])('does not if it does not: %o', (parser) => {
    expect(readsMessagePack(parser)).toBe(false);
  });
});
