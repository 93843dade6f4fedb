import { describe, expect, it } from 'vitest';
import { normalizeConfiguredOrigin, normalizeOrigin } from '../../../lib/protocol/origin.js';

describe('normalizeOrigin', () => {
  it.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['HTTPS://APP.Example.COM', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['http://app.example.com:80', 'http://app.example.com'],
    ['http://app.example.com:443', 'http://app.example.com:443'],
    ['https://app.example.com:8443', 'https://app.example.com:8443'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['http://[2001:DB8::1]', 'http://[2001:db8::1]'],
    ['https://xn--r8jz45g.jp', 'https://xn--r8jz45g.jp'],
    ['chrome-extension://abcdefghij', 'chrome-extension://abcdefghij'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['https://example.com.', 'https://example.com.'],
  ])('makes %s %s', (origin, normalized) => {
    expect(normalizeOrigin(origin)).toBe(normalized);
  });

  it.each([
    ['OR-02: null', 'null'],
    ['nothing', ''],
    ['OR-04: a trailing slash', 'https://app.example.com/'],
    ['OR-04: a path', 'https://app.example.com/a'],
    ['OR-04: a query', 'https://app.example.com?a'],
    ['OR-04: a fragment', 'https://app.example.com#a'],
    ['OR-04: user information', 'https://user@app.example.com'],
    ['OR-04: user information before another host', 'https://app.example.com@evil.example'],
    ['OR-04: a backslash', 'https://evil.example\\.app.example.com'],
    ['OR-10: two origins', 'https://good.example, https://evil.example'],
    ['OR-10: two origins with a space', 'https://good.example https://evil.example'],
    ['no slashes', 'https:app.example.com'],
    ['one slash', 'https:/app.example.com'],
    ['three slashes', 'https:///app.example.com'],
    ['no scheme', 'app.example.com'],
    ['no host', 'https://'],
    ['no host over http', 'http://'],
    ['an empty port', 'https://app.example.com:'],
    ['a port that is not a number', 'https://app.example.com:https'],
    ['a port of six digits', 'https://app.example.com:100000'],
    ['a space before it', ' https://app.example.com'],
    ['a line break behind it', 'https://app.example.com\n'],
    ['a bare IPv6 address', 'http://::1'],
    ['a blob', 'blob:https://app.example.com/uuid'],
    ['a data URL', 'data:text/html,x'],
    ['about:blank', 'about:blank'],
  ])('knows no origin in %s', (_what, origin) => {
    expect(normalizeOrigin(origin)).toBeUndefined();
  });

  it('OR-17: keeps the origin that some web views send for their files', () => {
    expect(normalizeOrigin('file://')).toBe('file://');
  });
});

describe('normalizeConfiguredOrigin', () => {
  it.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['HTTPS://App.Example.com:443', 'https://app.example.com'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:80', 'http://[::1]'],
    ['https://例え.jp', 'https://xn--r8jz45g.jp'],
    ['https://München.example', 'https://xn--mnchen-3ya.example'],
    ['chrome-extension://abcdefghij', 'chrome-extension://abcdefghij'],
    ['capacitor://localhost', 'capacitor://localhost'],
  ])('OR-08, OR-17: makes %s %s', (origin, normalized) => {
    expect(normalizeConfiguredOrigin(origin)).toBe(normalized);
  });

  it.each([
    '',
    '*',
    'null',
    'app.example.com',
    '*.example.com',
    'https://*.example.com',
    'https://*',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://app.example.com?x',
    'https://app.example.com#x',
    'https://user:pw@app.example.com',
    'https://evil.example\\app.example.com',
    'https://app.example.com:99999',
    'https://a b',
    'https://',
    'https:app.example.com',
    'http://[::1',
  ])('OR-14: knows no origin in %j', (origin) => {
    expect(normalizeConfiguredOrigin(origin)).toBeUndefined();
  });

  it('OR-17: keeps file://', () => {
    expect(normalizeConfiguredOrigin('file://')).toBe('file://');
  });

  it('OR-14: knows no origin in a wildcard', () => {
    expect(normalizeConfiguredOrigin('chrome-extension://*')).toBeUndefined();
  });

  it.each([
    ['wss://app.example.com', 'https://app.example.com'],
    ['ws://app.example.com:80', 'http://app.example.com'],
    ['WSS://App.example.com:443', 'https://app.example.com'],
    ['wss://app.example.com:8443', 'https://app.example.com:8443'],
    ['wss://app.example.com/path', undefined],
    ['wss://*.example.com', undefined],
    ['wss:app.example.com', undefined],
  ])('K8k: reads %s as %s, in options and in header fields', (origin, expected) => {
    expect(normalizeConfiguredOrigin(origin)).toBe(expected);
    expect(normalizeOrigin(origin)).toBe(expected);
  });
});
