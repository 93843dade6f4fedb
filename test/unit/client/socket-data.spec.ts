import { runInNewContext } from 'node:vm';
import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { byteLengthOf, checkSendable } from '../../../lib/client/socket-data.js';

const sendable: readonly (readonly [string, unknown, number])[] = [
  ['text', 'é€', 5],
  ['empty text', '', 0],
  ['an ArrayBuffer', new ArrayBuffer(3), 3],
  ['a typed array', new Uint16Array(2), 4],
  ['a DataView', new DataView(new ArrayBuffer(4), 1), 3],
  ['a Buffer', Buffer.from('abc'), 3],
  ['a Blob', new Blob(['abcd']), 4],
  ['an ArrayBuffer of another realm', runInNewContext('new ArrayBuffer(3)'), 3],
  ['a typed array of another realm', runInNewContext('new Uint8Array(2)'), 2],
];

const notSendable: readonly (readonly [string, unknown])[] = [
  ['an object', { event: 'hello' }],
  ['an array', [1, 2]],
  ['a number', 5],
  ['a bigint', 5n],
  ['a symbol', Symbol('s')],
  ['true', true],
  ['null', null],
  ['undefined', undefined],
  ['a function', () => 'text'],
  ['a Map', new Map()],
  ['a boxed string', new String('text')],
  ['a promise', Promise.resolve('text')],
  ['an object that looks like a Blob', { size: 1, slice: () => '' }],
];

describe('what a WebSocket can send', () => {
  it.each(sendable)('K7c: is %s', (_name, data, bytes) => {
    expect(() => checkSendable(data)).not.toThrow();
    expect(byteLengthOf(data as string)).toBe(bytes);
  });

  it.each(notSendable)('K7c: is not %s', (_name, data) => {
    expect(() => checkSendable(data)).toThrow(TypeError);
  });

  it('counts text in UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(byteLengthOf(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });
});
