import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import type { WsCredentialExtractor } from '../../../lib/credentials/extractor.js';
import { fromFirstMessage } from '../../../lib/credentials/first-message.extractor.js';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { fromSubprotocol } from '../../../lib/credentials/subprotocol.extractor.js';
import { fromUserInfo } from '../../../lib/credentials/user-info.extractor.js';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';

interface Made {
  readonly name: string;
  readonly make: (options: never) => WsCredentialExtractor;
  readonly known: readonly string[];
}

const extractors: readonly Made[] = [
  { name: 'fromAuthorizationHeader', make: fromAuthorizationHeader, known: ['schemes'] },
  { name: 'fromCookie', make: (options) => fromCookie('s', options), known: ['bridge'] },
  { name: 'fromFirstMessage', make: fromFirstMessage, known: ['format'] },
  { name: 'fromQueryParam', make: (options) => fromQueryParam('t', options), known: [] },
  { name: 'fromRequest', make: fromRequest, known: ['headers', 'queryParams'] },
  { name: 'fromSubprotocol', make: fromSubprotocol, known: ['prefix', 'encoding'] },
  { name: 'fromUserInfo', make: fromUserInfo, known: [] },
];
const options = extractors.flatMap(({ name, make, known }) =>
  ['strategy', ...known].map((option) => ({ name, make, option })),
);

describe('the options of extractors', () => {
  it.each(options)('K11a: $name refuses a misspelt $option', ({ name, make, option }) => {
    const making = () => make({ [`${option}x`]: 'SECRET' } as never);
    expect(making).toThrow(WsAuthConfigurationError);
    expect(making).toThrow(`${name}.${option}x: unknown option; did you mean ${name}.${option}?`);
  });

  it.each(options)('K11a: $name refuses a $option of no use', ({ name, make, option }) => {
    for (const value of [null, 5, '', [null], {}, true]) {
      const making = () => make({ [option]: value } as never);
      expect(making).toThrow(WsAuthConfigurationError);
      expect(making).toThrow(new RegExp(`^${name}\\.${option}`));
    }
    expect(() => make({ [option]: undefined } as never)).not.toThrow();
  });

  it.each(extractors)(
    'K11a: $name refuses a value that is not an object of options',
    ({ name, make }) => {
      for (const value of [null, 5, 'SECRET', ['jwt'], () => ({})]) {
        const making = () => make(value as never);
        expect(making).toThrow(WsAuthConfigurationError);
        expect(making).toThrow(`${name}: expected an object of options, got `);
        expect(making).not.toThrow(/SECRET/);
      }
    },
  );

  it.each(['path', 'parentOrigins', 'maxAgeMs', 'crossSite'])(
    'K11a: the bridge of fromCookie refuses a misspelt %s, and null',
    (option) => {
      const bridge = { path: '/bridge', parentOrigins: ['https://app.example.com'] };
      const make = (more: object) => () => fromCookie('s', { bridge: { ...bridge, ...more } });
      expect(make({ [`${option}x`]: 1 })).toThrow(
        `fromCookie.bridge.${option}x: unknown option; did you mean fromCookie.bridge.${option}?`,
      );
      expect(make({ [option]: null })).toThrow(new RegExp(`^fromCookie\\.bridge\\.${option}: `));
    },
  );

  it.each([
    ['a bridge without a path', { parentOrigins: ['https://app.example.com'] }, 'path'],
    ['a bridge without parents', { path: '/bridge' }, 'parentOrigins'],
  ])('K11a: fromCookie refuses %s', (_what, bridge, option) => {
    expect(() => fromCookie('s', { bridge: bridge as never })).toThrow(
      new RegExp(`^fromCookie\\.bridge\\.${option}: `),
    );
  });

  it.each([undefined, null, '', 5, { strategy: 'jwt' }])(
    'K11a: a name of a cookie or a parameter cannot be %j',
    (name) => {
      expect(() => fromCookie(name as never)).toThrow(/^fromCookie: expected a name, got /);
      expect(() => fromQueryParam(name as never)).toThrow(/^fromQueryParam: expected a name, got /);
    },
  );

  it('K11b: fromAuthorizationHeader refuses to read no scheme', () => {
    expect(() => fromAuthorizationHeader({ schemes: [] })).toThrow(
      "fromAuthorizationHeader.schemes: expected 'Basic', 'Bearer' or both, in a list",
    );
    expect(() => fromAuthorizationHeader({ schemes: ['bearer' as never] })).toThrow(
      WsAuthConfigurationError,
    );
  });

  it.each(['', 'a b', 'a,b', 5])('K11a: fromSubprotocol refuses the prefix %j', (prefix) => {
    expect(() => fromSubprotocol({ prefix: prefix as never })).toThrow(
      /^fromSubprotocol\.prefix: expected a prefix such as/,
    );
  });

  it.each(['', 'a b', 'a,b', 5])('K8f: fromSubprotocol refuses the entry %j', (after) => {
    expect(() => fromSubprotocol({ after: after as never })).toThrow(
      /^fromSubprotocol\.after: expected a subprotocol such as 'bearer'/,
    );
  });

  it('K8f: fromSubprotocol refuses a prefix beside the entry before the token', () => {
    expect(() => fromSubprotocol({ after: 'bearer', prefix: 'x.' })).toThrow(
      /^fromSubprotocol\.prefix: has no effect beside fromSubprotocol\.after/,
    );
  });
});
