import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { parseRequestTarget } from '../../../lib/protocol/request-target.js';

describe('parseRequestTarget', () => {
  it.each([
    ['/', '/', '', undefined],
    ['/ws', '/ws', '', undefined],
    ['/ws?', '/ws', '', undefined],
    ['/ws?a=b?c', '/ws', 'a=b?c', undefined],
    ['/ws/', '/ws/', '', undefined],
    ['/?//evil.example', '/', '//evil.example', undefined],
    ['/ws/../admin', '/ws/../admin', '', undefined],
    ['/x/%2e%2e/ws', '/x/%2e%2e/ws', '', undefined],
    ['/%77s', '/%77s', '', undefined],
    ['/WS', '/WS', '', undefined],
    ['/ws//x', '/ws//x', '', undefined],
    ['/\\evil.example/ws', '/\\evil.example/ws', '', undefined],
    ['/ws;a=b', '/ws;a=b', '', undefined],
    ['http://host/ws?x', '/ws', 'x', 'host'],
    ['https://host:8/ws', '/ws', '', 'host:8'],
    ['WS://host/ws', '/ws', '', 'host'],
    ['wss://host', '/', '', 'host'],
    ['http://host/', '/', '', 'host'],
  ])('splits %s and changes nothing (HS-08)', (url, path, query, authority) => {
    expect(parseRequestTarget(url)).toEqual({ path, query, authority });
  });

  it.each([
    '//',
    '//evil.example/ws',
    '//a:99999/ws',
    '///ws',
    'http://host//evil.example/ws',
    'http:///ws',
    'http://',
    'http:/host/ws',
    'http://host?token=x',
    'http://host#x',
    'ftp://host/ws',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '/ws#frag',
    '/ws?x#frag',
    '#',
    '',
    '*',
    'ws',
    '?token=x',
    ' /ws',
    '\\\\evil.example\\ws',
  ])('HS-06, HS-07, HS-11: knows no target in %s', (url) => {
    expect(parseRequestTarget(url)).toBeUndefined();
  });

  it('HS-07: throws for no string, and never finds an authority in a target that starts with a slash', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `/${text}`),
          fc.webUrl(),
        ),
        (url) => {
          const target = parseRequestTarget(url);
          if (url.startsWith('/')) {
            expect(target?.authority).toBeUndefined();
          }
          expect(target?.path.startsWith('/') ?? true).toBe(true);
          expect(target?.path.startsWith('//') ?? false).toBe(false);
        },
      ),
    );
  });
});
