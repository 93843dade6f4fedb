import { describe, expect, it } from 'vitest';
import { bearerCredential, malformedCredential } from '../../../lib/credentials/bearer.js';
import { Credential } from '../../../lib/credentials/credential.js';
import { presentsToken, type HandshakeExtractor } from '../../../lib/credentials/extractor.js';
import { findCredential } from '../../../lib/credentials/find-credential.js';
import { fromUserInfo, fromAuthorizationHeader } from '../../../lib/index.js';
import type { Handshake } from '../../../lib/protocol/handshake.js';
import { redactRequest } from '../../../lib/credentials/redaction.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';
import { upgradeRequest } from '../support/requests.js';

const limits = { maxCredentialBytes: 64 };
const origin = { extractor: 'fromPlace', ambient: false, strategy: undefined };

function own(fields: Partial<HandshakeExtractor> = {}): HandshakeExtractor {
  return {
    name: 'fromPlace',
    phase: 'handshake',
    place: 'query',
    ambient: false,
    challengeSchemes: [],
    redacts: {},
    strategy: undefined,
    find: () => undefined,
    ...fields,
  };
}

const policyOf = (...credentials: HandshakeExtractor[]) =>
  resolvePolicy({ strategy: 'jwt', credentials });

const passwordMatters = (...beside: HandshakeExtractor[]) =>
  policyOf(fromUserInfo(), ...beside).handshakeExtractors.some(
    (each) => 'anyPassword' in each && !each.anyPassword,
  );

describe('what an extractor of the application returns', () => {
  it('is a credential for a token', () => {
    const found = bearerCredential('token', limits, origin);
    expect(found).toBeInstanceOf(Credential);
    expect(found).toMatchObject({ extractor: 'fromPlace', ambient: false, cookie: false });
  });

  it.each([
    ['a token that is too large', bearerCredential('x'.repeat(65), limits, origin)],
    ['a token with white space', bearerCredential('a b', limits, origin)],
    ['a malformed place', malformedCredential(origin)],
  ])('is a refusal with 400 for %s, which names the extractor', (_what, refusal) => {
    expect(refusal).toMatchObject({ httpStatus: 400, diagnosis: { extractor: 'fromPlace' } });
  });
});

describe('an extractor of the application with a mistake', () => {
  const handshake = {} as Handshake;

  it.each<[string, () => unknown]>([
    ['a promise', async () => undefined],
    ['a promise that is rejected', () => Promise.reject(new Error('not found'))],
    ['null', () => null],
    ['a text', () => 'token'],
    ['an object', () => ({ content: { scheme: 'Bearer', token: 'x' } })],
    ['false', () => false],
  ])('K11b: throws if find() returns %s, which is not a missing credential', (_what, find) => {
    for (const place of ['query', 'cookie', 'request'] as const) {
      const extractor = own({ place, find: find as never });
      expect(() => findCredential([extractor], handshake, limits)).toThrow(
        'credentials: find() of the extractor fromPlace returned something else',
      );
    }
  });

  it.each<[object, string]>([
    [{ name: '' }, 'name'],
    [{ place: 'header' }, 'place'],
    [{ place: undefined }, 'place'],
    [{ ambient: undefined }, 'ambient'],
    [{ place: 'cookie' }, 'ambient'],
    [{ place: 'request', ambient: false }, 'ambient'],
    [{ challengeSchemes: 'Bearer' }, 'challengeSchemes'],
    [{ redacts: undefined }, 'redacts'],
    [{ strategy: 'jwt' }, 'strategy'],
    [{ find: undefined }, 'find'],
    [{ find: async () => undefined }, 'find'],
  ])('K11b: refuses to boot with %o', (mistake, field) => {
    expect(() => policyOf(own(mistake))).toThrow(`credentials: ${field} of the extractor `);
  });

  it('K11b: refuses to boot with one that reads messages', () => {
    expect(() => policyOf(own({ phase: 'message' as never }))).toThrow('credentials: expected');
  });
});

describe('a policy with an extractor of the application', () => {
  it('keeps it as it is', () => {
    const extractor = own();
    expect(policyOf(extractor).handshakeExtractors).toEqual([extractor]);
  });

  it.each([
    ['finds tokens', own(), false],
    ['finds passwords', own({ presents: ['Basic'] }), true],
    ['is that of HTTP Basic', fromAuthorizationHeader(), true],
  ])(
    'lets fromUserInfo() accept any password unless another extractor reads them: one that %s',
    (_what, beside, strict) => {
      expect(passwordMatters(beside)).toBe(strict);
    },
  );

  it('asks it after one that takes only some of what it finds in the same place', () => {
    const extractor = own({
      place: 'authorization',
      challengeSchemes: ['Basic'],
      presents: ['Basic'],
    });
    const names = policyOf(extractor, fromUserInfo()).handshakeExtractors.map(({ name }) => name);
    expect(names).toEqual(['fromUserInfo', 'fromPlace']);
  });

  it('checks origins where it is ambient', () => {
    const credentials = [own({ ambient: true })];
    expect(() => resolvePolicy({ strategy: 'jwt', credentials, allowedOrigins: '*' })).toThrow(
      /^allowedOrigins: /,
    );
  });
});

it('K11b: hides the header fields of an extractor of the application, however it writes their names', () => {
  const { redaction } = policyOf(own({ redacts: { headers: ['X-Api-Key'] } }));
  const request = upgradeRequest('/', [['x-API-key', 'secret']]);
  redactRequest(request, redaction);
  expect(JSON.stringify([request.headers, request.rawHeaders])).not.toContain('secret');
});

it.each([
  ['a place without more', {}, true],
  ['a place of passwords alone', { presents: ['Basic'] as const }, false],
  ['the whole request', { place: 'request', presents: ['Basic'] } as const, true],
])('may present a token: %s', (_what, fields, expected) => {
  expect(presentsToken(own(fields))).toBe(expected);
});
