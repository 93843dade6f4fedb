import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { fromAuthorizationHeader } from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
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
  let app: TestApp;
  beforeAll(async () => {
    app = await startProtected({ credentials: [fromAuthorizationHeader()], optional: true });
  });
  afterAll(() => app[Symbol.asyncDispose]());
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const enter = () => app.connect('/', user === undefined ? {} : bearer(tokenOf(user))).opened();

  it.each(cases)(
    'K6a: with %s, of %i bytes, %s, is parsed once, by the handler',
    async (_name, _size, _form, texts, binary) => {
      await using client = await enter();
      const parse = vi.spyOn(JSON, 'parse');
      for (const text of texts) {
        // In another order than the answer, which the client parses.
        const message = `{"data":"${text}","event":"echo"}`;
        parse.mockClear();
        client.socket.send(message, { binary });
        expect((await client.nextEvent()).event).toBe('echo');
        expect(parse.mock.calls.filter(([given]) => given === message)).toHaveLength(1);
      }
    },
  );

  it.each(sizes.slice(2))(
    'K6a: of %i bytes that names the event reaches no listener, unparsed',
    async (size) => {
      await using client = await enter();
      const message = `{"event":"\\u0061uthenticate","data":{"token":"${'x'.repeat(size)}"}}`;
      const parse = vi.spyOn(JSON, 'parse');
      client.sendRaw(message);
      expect(await client.closed()).toEqual({ code: 1009, reason: 'credential too large' });
      expect(parse.mock.calls.filter(([given]) => given === message)).toEqual([]);
    },
  );
});
