import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Credential } from '../../../lib/credentials/credential.js';
import { fromFirstMessage } from '../../../lib/credentials/first-message.extractor.js';
import { isBearerToken } from '../../../lib/protocol/header-syntax.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { bearer, credentialIn, limits, summary } from '../support/credentials.js';

const malformed = 'ERR_WS_AUTH_MALFORMED_CREDENTIAL';
const required = 'ERR_WS_AUTH_CREDENTIAL_REQUIRED';

function readEvent(text: string) {
  return fromFirstMessage().read(text, 'authenticate', limits);
}

function readData(data: unknown) {
  return readEvent(JSON.stringify({ event: 'authenticate', data }));
}

describe("fromFirstMessage({ format: 'event' })", () => {
  it('reads the token, and keeps the data as the body of the strategy', () => {
    expect(summary(readData({ token: 'a.b.c', device: 7 }))).toEqual({
      scheme: 'fields',
      token: 'a.b.c',
      body: { token: 'a.b.c', device: 7 },
    });
  });

  it('reads fields without a token', () => {
    expect(summary(readData({ username: 'alice', password: 'secret' }))).toEqual({
      scheme: 'fields',
      token: undefined,
      body: { username: 'alice', password: 'secret' },
    });
  });

  it.each([
    '{"event":"message","data":{"token":"x"}}',
    '{"event":"Authenticate","data":{"token":"x"}}',
    '{"event":"authenticate ","data":{"token":"x"}}',
    '{"data":{"token":"x"}}',
    '{"event":"authenticate","data":{}}',
    '{"event":"authenticate","data":{"__proto__":{"token":"x"}}}',
    'token',
    '',
    'null',
    '[]',
  ])('FM-12, FM-13: asks for a credential after %s', (text) => {
    expect(readEvent(text)).toMatchObject({ code: required, httpStatus: 401, closeCode: 3000 });
  });

  it.each([
    ['no data', undefined],
    ['null', null],
    ['a string', 'token'],
    ['a number', 1],
    ['true', true],
    ['an array', ['token']],
    ['a token that is an object', { token: {} }],
    ['a token that is an array', { token: ['a'] }],
    ['a token that is a number', { token: 1 }],
    ['a token that is null', { token: null }],
    ['a token that is false', { token: false }],
    ['an empty token', { token: '' }],
    ['a token with a space', { token: 'a b' }],
    ['a token with a line break', { token: 'a\r\nX-Evil: 1' }],
    ['a token that is a whole header', { token: 'Bearer a' }],
    ['a token outside ASCII', { token: 'é' }],
    ['a bad token beside other fields', { token: {}, username: 'alice', password: 'secret' }],
  ])('FM-15: refuses %s with close code 3000', (_what, data) => {
    expect(readData(data)).toMatchObject({
      code: malformed,
      httpStatus: 400,
      closeCode: 3000,
      reason: 'malformed credential',
    });
  });

  it.each([
    ['as it is', '__proto__'],
    ['with an escape', String.raw`__pro\u0074o__`],
  ])('FM-13: gives the strategy a body without a foreign prototype, named %s', (_how, key) => {
    const text = `{"event":"authenticate","data":{"token":"x","${key}":{"admin":true},"a":{"${key}":{"admin":true}}}}`;
    const { content } = credentialIn(readEvent(text));
    expect(content).toEqual({ scheme: 'fields', token: 'x', body: { token: 'x', a: {} } });
    expect(content.scheme === 'fields' && Object.getPrototypeOf(content.body)).toBe(
      Object.prototype,
    );
  });

  it('listens to another event', () => {
    const extractor = fromFirstMessage();
    const text = '{"event":"login","data":{"token":"x"}}';
    expect(extractor.read(text, 'login', limits)).toBeInstanceOf(Credential);
    expect(extractor.read(text, 'authenticate', limits)).toMatchObject({ code: required });
  });

  it.each([
    ['a token', { token: 'x'.repeat(8_193) }],
    ['a message', { username: 'alice', password: 'x'.repeat(20_000) }],
    ['a message in bytes, not characters', { username: 'alice', password: 'é'.repeat(8_000) }],
  ])('FM-06: refuses %s over the limit with close code 1009', (_what, data) => {
    expect(readData(data)).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
      closeCode: 1009,
    });
  });

  it('FM-06: allows a token of exactly the limit', () => {
    expect(readData({ token: 'x'.repeat(8_192) })).toBeInstanceOf(Credential);
  });

  it('answers every text with a credential or a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const found = readEvent(text);
        expect(found instanceof Credential || found instanceof Refusal).toBe(true);
      }),
    );
  });

  it('FM-15: hands a token to the strategy only if it is the text of one, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (token) => {
        const found = readData({ token });
        const isToken = typeof token === 'string' && isBearerToken(token);
        expect(found instanceof Credential).toBe(isToken);
      }),
    );
  });
});

describe("fromFirstMessage({ format: 'raw' })", () => {
  const extractor = fromFirstMessage({ format: 'raw', strategy: 'jwt' });

  it('reads the whole text as the token', () => {
    const credential = credentialIn(extractor.read('a.b.c', 'authenticate', limits));
    expect(credential.content).toEqual(bearer('a.b.c'));
    expect(credential).toMatchObject({
      extractor: 'fromFirstMessage',
      ambient: false,
      cookie: false,
      strategy: ['jwt'],
    });
  });

  it.each(['', ' ', 'a b', 'a\n', '{"event":"authenticate","data":{"token":"x"}}', '\ufeffa', 'é'])(
    'refuses %j with close code 3000',
    (text) => {
      expect(extractor.read(text, 'authenticate', limits)).toMatchObject({
        code: malformed,
        closeCode: 3000,
      });
    },
  );

  it('FM-06: refuses a text over the limit with close code 1009', () => {
    expect(extractor.read('x'.repeat(8_193), 'authenticate', limits)).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
      closeCode: 1009,
    });
  });
});

describe('fromFirstMessage()', () => {
  it('is explicit and reads events', () => {
    expect(fromFirstMessage()).toMatchObject({
      name: 'fromFirstMessage',
      phase: 'message',
      ambient: false,
      format: 'event',
      redacts: {},
      strategy: undefined,
    });
  });
});

describe('a payload that the transport has parsed', () => {
  const extractor = fromFirstMessage();

  it('is read as the data of a message', () => {
    expect(summary(extractor.readData({ token: 'a.b.c', device: 7 }, limits))).toEqual({
      scheme: 'fields',
      token: 'a.b.c',
      body: { token: 'a.b.c', device: 7 },
    });
  });

  it('loses keys that would become a prototype', () => {
    const payload: unknown = JSON.parse('{"token":"a","__proto__":{"admin":true}}');
    expect(summary(extractor.readData(payload, limits))).toEqual({
      scheme: 'fields',
      token: 'a',
      body: { token: 'a' },
    });
  });

  it.each([undefined, null, {}])('asks for a credential where it is %j', (payload) => {
    expect(extractor.readData(payload, limits)).toMatchObject({ code: required });
  });

  it.each([
    ['a list', ['token']],
    ['a text', 'token'],
    ['a function', () => 1],
    ['a bigint', 1n],
  ])('is malformed where it is %s', (_what, payload) => {
    expect(extractor.readData(payload, limits)).toMatchObject({ code: malformed });
  });

  it('is refused with 1009 where it is larger than a credential', () => {
    const payload = { token: 'a', more: 'x'.repeat(limits.maxCredentialBytes + 256) };
    expect(extractor.readData(payload, limits)).toMatchObject({ closeCode: 1009 });
  });
});
