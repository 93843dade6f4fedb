import { describe, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import type { WsAuthPolicyOptions } from '../../../lib/policy/policy-options.js';
import { originPolicy, type OriginQuestion } from '../../../lib/policy/origin-policy.js';
import { upgradeRequest } from '../support/requests.js';

type Allowed = WsAuthPolicyOptions['allowedOrigins'];

const own = 'https://gateway.example';
const explicit = { ambient: false, cookie: false };
const basic = { ambient: true, cookie: false };
const cookie = { ambient: true, cookie: true };

function ask(
  allowed: Allowed,
  origin: string | undefined,
  credential: Pick<OriginQuestion, 'ambient' | 'cookie'> = explicit,
) {
  const policy = originPolicy(allowed, credential.ambient);
  return policy({ origin, ownOrigin: () => own, request: upgradeRequest('/'), ...credential });
}

describe('a list of origins', () => {
  const list = [
    'https://app.example.com',
    'http://localhost:3000',
    'capacitor://localhost',
    'chrome-extension://abcdef',
    'https://例え.jp',
  ];

  it.each([
    ['OR-01', 'https://app.example.com'],
    ['in capitals', 'HTTPS://APP.EXAMPLE.COM'],
    ['with the port of its scheme', 'https://app.example.com:443'],
    ['with its own port', 'http://localhost:3000'],
    ['OR-17: capacitor', 'capacitor://localhost'],
    ['OR-17: an extension', 'chrome-extension://abcdef'],
    ['OR-08: an entry in Unicode', 'https://xn--r8jz45g.jp'],
  ])('allows %s: %s', (_what, origin) => {
    expect(ask(list, origin, cookie)).toBe(true);
    expect(ask(list, origin, explicit)).toBe(true);
  });

  it.each([
    ['OR-02: null', 'null'],
    ['OR-04: a trailing slash', 'https://app.example.com/'],
    ['OR-04: a path', 'https://app.example.com/x'],
    ['OR-04: a query', 'https://app.example.com?x'],
    ['OR-04: user information', 'https://x@app.example.com'],
    ['OR-06: a suffix', 'https://app.example.com.evil.net'],
    ['OR-06: a prefix', 'https://evil-app.example.com'],
    ['OR-06: a subdomain', 'https://x.app.example.com'],
    ['OR-06: the parent domain', 'https://example.com'],
    ['OR-07: another scheme', 'http://app.example.com'],
    ['OR-07: another port', 'https://app.example.com:8443'],
    ['OR-07: another port of localhost', 'http://localhost:3001'],
    ['OR-10: two origins', 'https://app.example.com, https://evil.example'],
    ['OR-17: another extension', 'chrome-extension://evil'],
    ['a trailing dot', 'https://app.example.com.'],
    ['nothing', ''],
    ['the own origin, which is not listed', own],
  ])('refuses %s', (_what, origin) => {
    expect(ask(list, origin, explicit)).toBe(false);
    expect(ask(list, origin, cookie)).toBe(false);
  });

  it('OR-12: accepts machines, which send no Origin, but no cookie without one', () => {
    expect(ask(list, undefined, explicit)).toBe(true);
    expect(ask(list, undefined, basic)).toBe(true);
    expect(ask(list, undefined, cookie)).toBe(false);
  });

  it('may be one origin', () => {
    expect(ask('https://app.example.com', 'https://app.example.com', cookie)).toBe(true);
    expect(ask('https://app.example.com', 'https://evil.example', cookie)).toBe(false);
  });

  it('OR-02: allows null when it is listed', () => {
    expect(ask(['null'], 'null', cookie)).toBe(true);
    expect(ask('null', 'null', cookie)).toBe(true);
    expect(ask(['null'], 'NULL', cookie)).toBe(false);
    expect(ask(['null'], 'https://null', cookie)).toBe(false);
  });

  it('OR-13: answers for itself alone, in whatever order lists are asked', () => {
    const question = { ownOrigin: () => own, request: upgradeRequest('/'), ...cookie };
    const [a, b] = ['https://a.example', 'https://b.example'].map((entry) =>
      originPolicy([entry], true),
    );
    for (const origin of ['https://a.example', 'https://b.example', 'https://a.example']) {
      expect(a?.({ origin, ...question })).toBe(origin === 'https://a.example');
      expect(b?.({ origin, ...question })).toBe(origin === 'https://b.example');
    }
  });
});

describe('an expression', () => {
  const subdomains = /https:\/\/[a-z0-9-]+\.example\.com/;

  it.each([
    ['https://a.example.com', true],
    ['https://A.Example.com', true],
    ['https://a.example.com:443', true],
    ['https://a.example.com.evil.net', false],
    ['https://evil.net/https://a.example.com', false],
    ['https://a.example.com:8443', false],
    ['http://a.example.com', false],
    ['https://example.com', false],
    ['https://x.prefix-example.com', false],
    ['https://a.b.example.com', false],
  ])('OR-06: matches a whole origin: %s is %s', (origin, allowed) => {
    expect(ask(subdomains, origin, cookie)).toBe(allowed);
  });

  it('OR-06: matches a whole origin also where it offers a choice', () => {
    expect(ask(/https:\/\/a\.example|https:\/\/b\.example/, 'https://b.example.evil.net')).toBe(
      false,
    );
    expect(ask(/https:\/\/a\.example|https:\/\/b\.example/, 'https://a.example')).toBe(true);
  });

  it.each(['g', 'y', 'gy', 'gi', 'm', 'u', 's'])(
    'OR-13: answers the same every time with the flags %s',
    (flags) => {
      const policy = originPolicy(new RegExp('https://a\\.example', flags), true);
      const question = { ownOrigin: () => own, request: upgradeRequest('/'), ...cookie };
      const answers = [1, 2, 3].map(() => policy({ origin: 'https://a.example', ...question }));
      expect(answers).toEqual([true, true, true]);
      expect(policy({ origin: 'https://a.example.evil.net', ...question })).toBe(false);
    },
  );

  it('stands beside exact origins', () => {
    const allowed = [subdomains, 'http://localhost:3000'];
    expect(ask(allowed, 'http://localhost:3000', cookie)).toBe(true);
    expect(ask(allowed, 'https://a.example.com', cookie)).toBe(true);
    expect(ask(allowed, 'https://evil.example', cookie)).toBe(false);
  });

  it('OR-02: does not match null, which every sandboxed page has', () => {
    expect(ask(/.*/, 'null', cookie)).toBe(false);
    expect(ask(/[a-z:/.]+/, 'null', cookie)).toBe(false);
  });
});

describe("'same-origin'", () => {
  it.each([
    [own, true],
    ['https://GATEWAY.example:443', true],
    ['http://gateway.example', false],
    ['https://gateway.example:8443', false],
    ['https://other.gateway.example', false],
    ['https://gateway.example/', false],
    ['null', false],
    ['', false],
  ])('CK-08: answers for %s: %s', (origin, allowed) => {
    expect(ask('same-origin', origin, cookie)).toBe(allowed);
    expect(ask('same-origin', origin, explicit)).toBe(allowed);
  });

  it('OR-12: accepts machines, but no cookie without Origin', () => {
    expect(ask('same-origin', undefined, explicit)).toBe(true);
    expect(ask('same-origin', undefined, basic)).toBe(true);
    expect(ask('same-origin', undefined, cookie)).toBe(false);
  });

  it('allows no origin when the own one is unknown', () => {
    const policy = originPolicy('same-origin', true);
    const question = { ownOrigin: () => undefined, request: upgradeRequest('/'), ...cookie };
    expect(policy({ origin: 'null', ...question })).toBe(false);
    expect(policy({ origin: 'https://a.example', ...question })).toBe(false);
  });
});

describe('without allowedOrigins', () => {
  it('any origin may use an explicit credential', () => {
    for (const origin of ['https://evil.example', 'null', '', undefined]) {
      expect(ask(undefined, origin, explicit)).toBe(true);
    }
  });

  it('CK-07, BA-10: only the own origin may use an ambient one', () => {
    expect(ask(undefined, own, cookie)).toBe(true);
    expect(ask(undefined, own, basic)).toBe(true);
    for (const origin of ['https://evil.example', 'null', '']) {
      expect(ask(undefined, origin, cookie)).toBe(false);
      expect(ask(undefined, origin, basic)).toBe(false);
    }
    expect(ask(undefined, undefined, cookie)).toBe(false);
    expect(ask(undefined, undefined, basic)).toBe(true);
  });
});

describe('a predicate', () => {
  it('is asked about the origin as it was sent, with the request', async () => {
    const request = upgradeRequest('/');
    const asked: unknown[] = [];
    const policy = originPolicy((origin, seen) => {
      asked.push(origin, seen);
      return Promise.resolve(true);
    }, true);
    const question = { ownOrigin: () => own, request, ...cookie };
    await expect(policy({ origin: 'HTTPS://Odd.example', ...question })).resolves.toBe(true);
    expect(policy({ origin: undefined, ...question })).toBeInstanceOf(Promise);
    expect(asked).toEqual(['HTTPS://Odd.example', request, undefined, request]);
  });
});

describe("'*'", () => {
  it('allows every origin to use explicit credentials', () => {
    expect(ask('*', 'https://evil.example', explicit)).toBe(true);
    expect(ask('*', 'null', explicit)).toBe(true);
  });

  it('OR-14: refuses to boot beside an ambient credential', () => {
    expect(() => originPolicy('*', true)).toThrow(WsAuthConfigurationError);
    expect(() => originPolicy('*', true)).toThrow(
      `allowedOrigins: '*' lets every page use the credentials that a browser attaches by itself ` +
        `(cookie, HTTP Basic, fromRequest()); list the origins of your pages`,
    );
  });
});

describe('origins that cannot be meant', () => {
  it('OR-14: an empty list refuses to boot', () => {
    expect(() => originPolicy([], false)).toThrow(WsAuthConfigurationError);
    expect(() => originPolicy([], false)).toThrow(
      'allowedOrigins: the list is empty; name an origin or leave it out',
    );
  });

  it.each<[unknown, string]>([
    ['', '""'],
    ['app.example.com', '"app.example.com"'],
    ['https://*.example.com', '"https://*.example.com"'],
    ['https://app.example.com/', '"https://app.example.com/"'],
    ['SAME-ORIGIN', '"SAME-ORIGIN"'],
    [['*'], '"*"'],
    [['same-origin'], '"same-origin"'],
    [[undefined], 'a value of type undefined'],
    [[['https://app.example.com']], 'a value of type object'],
    [null, 'null'],
    [true, 'a value of type boolean'],
    [42, 'the number 42'],
    [{}, 'a value of type object'],
  ])('OR-14: %j refuses to boot', (allowed, got) => {
    const compile = () => originPolicy(allowed as Allowed, false);
    expect(compile).toThrow(WsAuthConfigurationError);
    expect(compile).toThrow(
      `allowedOrigins: expected an origin such as 'https://app.example.com' (no path, no wildcard; use a RegExp for patterns), got ${got}`,
    );
  });
});
