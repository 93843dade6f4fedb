import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { decodeBasic, isBase64 } from '../../../lib/credentials/basic.js';
import { base64 } from '../support/credentials.js';

describe('decodeBasic', () => {
  it.each([
    ['a name and a password', 'alice:secret', 'alice', 'secret'],
    ['BA-02: a password with colons', 'alice:pa:ss', 'alice', 'pa:ss'],
    ['BA-02: a password that is a colon', 'alice::', 'alice', ':'],
    ['BA-03: an empty name', ':pw', '', 'pw'],
    ['BA-03: an empty password', 'alice:', 'alice', ''],
    ['BA-03: a colon alone', ':', '', ''],
    ['spaces', ' a b : c d ', ' a b ', ' c d '],
    ['BA-08: UTF-8', 'us@er:pé', 'us@er', 'pé'],
    ['BA-08: a percent sign, which stays one', 'us%40er:p%C3%A9', 'us%40er', 'p%C3%A9'],
    ['characters outside the BMP', '😀:🔑', '😀', '🔑'],
    ['U+FFFD that was sent as such', 'a:\ufffd', 'a', '\ufffd'],
  ])('reads %s', (_what, text, username, password) => {
    expect(decodeBasic(base64(text))).toEqual({ username, password });
  });

  it('BA-07: makes NFC of NFD, as the challenge announces', () => {
    expect(decodeBasic(base64('Ame\u0301lie:cafe\u0301'))).toEqual({
      username: 'Amélie',
      password: 'café',
    });
  });

  it('BA-07: keeps a BOM, so that it cannot pass for another name', () => {
    expect(decodeBasic(base64('\ufeffalice:pw'))?.username).toBe('\ufeffalice');
  });

  it.each(['YTpi', 'YTpiYw==', 'YTpiYw', 'YTpiY2Q=', 'YTpiY2Q'])(
    'reads %s, with or without padding',
    (encoded) => {
      expect(decodeBasic(encoded)?.username).toBe('a');
    },
  );

  it.each([
    ['BA-01: no colon', base64('alice')],
    ['nothing', ''],
    ['BA-05: bytes that are not UTF-8', base64(Uint8Array.of(0xff, 0x3a, 0x61))],
    ['BA-05: Latin-1', base64(Buffer.from('é:p', 'latin1'))],
    ['BA-05: an overlong colon', base64(Uint8Array.of(0x61, 0xc0, 0xba, 0x62))],
    ['BA-05: a surrogate in UTF-8', base64(Uint8Array.of(0x61, 0x3a, 0xed, 0xa0, 0x80))],
    ['BA-05: a truncated character', base64(Uint8Array.of(0x61, 0x3a, 0xc3))],
    ['a NUL in the name', base64('al\0ice:pw')],
    ['a line break in the password', base64('alice:p\r\nw')],
    ['a tab', base64('alice:\tpw')],
    ['a DEL', base64('alice:pw\u007f')],
    ['no base64', '!!!!'],
    ['base64url', 'YTo_Pz8-'],
    ['a space within', 'YTpi YTpi'],
    ['a line break within', 'YTpi\nYTpi'],
    ['text behind the padding', 'YTpiYw==YTpi'],
    ['padding alone', '===='],
    ['too much padding', 'YTpi===='],
    ['half a padding', 'YTpiYw='],
    ['a length that no bytes have', 'YTpiY'],
    ['a comma', 'YTpi,YTpi'],
  ])('reads nothing from %s', (_what, encoded) => {
    expect(decodeBasic(encoded)).toBeUndefined();
  });

  it('BA-02: splits every pair where it was joined', () => {
    const part = fc.string({ unit: 'grapheme' }).map((text) => text.normalize('NFC'));
    const printable = part.filter((text) => !/\p{Cc}|\p{Cs}/u.test(text));
    const name = printable.filter((text) => !text.includes(':'));
    fc.assert(
      fc.property(name, printable, (username, password) => {
        expect(decodeBasic(base64(`${username}:${password}`))).toEqual({ username, password });
      }),
    );
  });

  it.each([
    ['30 marks', 30, true],
    ['31 marks', 31, false],
  ] as const)('K6: takes a character with %s: %i, %s', (_what, count, accepted) => {
    const name = `a${'\u0301'.repeat(count)}`;
    expect(decodeBasic(base64(Buffer.from(`${name}:x`))) !== undefined).toBe(accepted);
    expect(decodeBasic(base64(Buffer.from(`x:${name}`))) !== undefined).toBe(accepted);
  });

  it('throws for no text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.uint8Array().map(base64)), (text) => {
        expect(() => decodeBasic(text)).not.toThrow();
      }),
    );
  });
});

describe('isBase64', () => {
  it('knows what Node encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        expect(isBase64(base64(bytes))).toBe(true);
      }),
    );
  });

  it('answers about a hostile text in linear time', () => {
    expect(isBase64(`${'A'.repeat(1_000_001)}!`)).toBe(false);
  });
});
