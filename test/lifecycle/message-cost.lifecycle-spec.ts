import { describe, expect, it, vi } from 'vitest';
import { fromAuthorizationHeader } from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { bearer, tokenOf } from '../support/tokens.js';

const sizes = [1_000, 8_000, 64_000, 1_000_000];

/** Texts that escape something. None spells the name of the event. */
const escapes: [string, string][] = [
  ['a line break', '\\n'],
  ['quotes', '\\"'],
  ['a backslash', '\\\\'],
  ['a letter by its number', '\\u00e9'],
  ['a letter of the name', '\\u0061'],
  ['the name', 'authenticate'],
  ['the name in quotes', '\\"authenticate\\"'],
  ['the event, in a text', '{\\"event\\":\\"authenticate\\"}'],
];

const cases = sizes.flatMap((size) =>
  escapes.flatMap(([name, escape]) =>
    [false, true].map((binary) => {
      const once = `${'x'.repeat(size)}${escape}`;
      const often = escape.repeat(Math.ceil(size / escape.length));
      return [name, size, binary ? 'binary' : 'text', [once, often], binary] as const;
    }),
  ),
);

describe.each(['alice', undefined])('a message of %s', (user) => {
  it.each(cases)(
    'K6a: with %s, of %i bytes, %s, is parsed once, by the handler',
    async (_name, _size, _form, texts, binary) => {
      await using app = await startProtected({
        credentials: [fromAuthorizationHeader()],
        optional: true,
      });
      const headers = user === undefined ? {} : bearer(tokenOf(user));
      const client = await app.connect('/', headers).opened();
      const parse = vi.spyOn(JSON, 'parse');
      try {
        for (const text of texts) {
          // In another order than the answer, which the client parses.
          const message = `{"data":"${text}","event":"echo"}`;
          parse.mockClear();
          client.socket.send(message, { binary });
          const answer = await client.nextEvent();
          expect(answer.event).toBe('echo');
          const parsed = parse.mock.calls.filter(([given]) => given === message);
          expect(parsed).toHaveLength(1);
        }
      } finally {
        parse.mockRestore();
      }
    },
  );

  it.each(sizes.slice(2))(
    'K6a: of %i bytes that names the event reaches no listener, unparsed',
    async (size) => {
      await using app = await startProtected({
        credentials: [fromAuthorizationHeader()],
        optional: true,
      });
      const headers = user === undefined ? {} : bearer(tokenOf('alice'));
      const client = await app.connect('/', headers).opened();
      const message = `{"event":"\\u0061uthenticate","data":{"token":"${'x'.repeat(size)}"}}`;
      const parse = vi.spyOn(JSON, 'parse');
      client.sendRaw(message);
      expect(await client.closed()).toEqual({ code: 1009, reason: 'credential too large' });
      const parsed = parse.mock.calls.filter(([given]) => given === message);
      parse.mockRestore();
      expect(parsed).toEqual([]);
    },
  );
});
