import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import type { HandshakeExtractor } from '../../../lib/credentials/extractor.js';
import { findCredential } from '../../../lib/credentials/find-credential.js';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { fromSubprotocol } from '../../../lib/credentials/subprotocol.extractor.js';
import { fromUserInfo } from '../../../lib/credentials/user-info.extractor.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';
import { base64, basic, bearer, limits, summary } from '../support/credentials.js';
import { handshakeOf, type HeaderLines } from '../support/requests.js';

const header = fromAuthorizationHeader();
const query = fromQueryParam('token');
const cookie = fromCookie('s');
const subprotocol = fromSubprotocol();
const userInfo = fromUserInfo();
const request = fromRequest();

const basicLine = (text: string) => ['Authorization', `Basic ${base64(text)}`] as const;
const bearerLine = (token: string) => ['Authorization', `Bearer ${token}`] as const;
const cookieLine = ['Cookie', 's=from-cookie'] as const;
const protocolLine = ['Sec-WebSocket-Protocol', 'chat, bearer.from-protocol'] as const;

const several = 'ERR_WS_AUTH_SEVERAL_CREDENTIALS';
const malformed = 'ERR_WS_AUTH_MALFORMED_CREDENTIAL';
const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
const required = 'ERR_WS_AUTH_CREDENTIAL_REQUIRED';

/** What a client sends: a target, and lines of its header. */
interface Sent {
  readonly url: string;
  readonly lines: HeaderLines;
}

function sent(url: string, ...lines: HeaderLines): Sent {
  return { url, lines };
}

const lines = (...each: HeaderLines) => sent('/', ...each);
const digestLine = ['Authorization', 'Digest username="a"'] as const;
const brokenBearer = bearerLine('a b');
const brokenCookie = ['Cookie', 's=a; s=b'] as const;
const cookies = (text: string) => lines(['Cookie', text]);

const bearerAlone = fromAuthorizationHeader({ schemes: ['Bearer'] });
const each = [
  fromAuthorizationHeader({ schemes: ['Bearer'], strategy: 'jwt' }),
  fromAuthorizationHeader({ schemes: ['Basic'], strategy: 'basic' }),
];
const pool = [header, query, cookie, subprotocol, userInfo, request];

type Case = readonly [
  name: string,
  extractors: readonly HandshakeExtractor[],
  sent: Sent,
  expected: ReturnType<typeof summary>,
];

const withQuery: readonly Case[] = [
  ['QP-08: ignores one that no extractor reads', [header], sent('/?token=x&other=y'), undefined],
  ['without the Authorization', [query], sent('/?token=x', bearerLine('y')), bearer('x')],
  ['AH-02: beside Authorization', [header, query], sent('/?token=x', bearerLine('x')), several],
  ['AH-02: if it is malformed', [header, query], sent('/?token=%ff', bearerLine('x')), several],
  ['AH-02: if both are malformed', [header, query], sent('/?token=%ff', brokenBearer), several],
  ['AH-02: beside Basic', [header, query], sent('/?token=x', basicLine('a:b')), several],
  ['AH-02: beside an unread scheme', [header, query], sent('/?token=x', digestLine), several],
  ['AH-02: beside a subprotocol', [query, subprotocol], sent('/?token=x', protocolLine), several],
  ['AH-02: beside another', [query, fromQueryParam('ticket')], sent('/?token=x&ticket=y'), several],
  [
    'AH-02: beside Authorization and a subprotocol',
    [header, userInfo, query, subprotocol],
    sent('/?token=x', bearerLine('y'), protocolLine),
    several,
  ],
  ['takes an empty one for none', [header, query], sent('/?token=', bearerLine('x')), bearer('x')],
];

const withCookie: readonly Case[] = [
  ['is read', [header, cookie], lines(cookieLine), bearer('from-cookie')],
  [
    'is irrelevant beside a header',
    [cookie, header],
    lines(cookieLine, bearerLine('x')),
    bearer('x'),
  ],
  ['is irrelevant if broken', [cookie, query], sent('/?token=x', brokenCookie), bearer('x')],
  [
    'AH-11: not for a malformed Bearer',
    [header, cookie],
    lines(brokenBearer, cookieLine),
    malformed,
  ],
  ['AH-11: not for malformed Basic', [header, cookie], lines(basicLine('a'), cookieLine), rejected],
  ['AH-11: not for an unread scheme', [header, cookie], lines(digestLine, cookieLine), required],
  ['AH-11: not for a malformed query', [query, cookie], sent('/?token=%00', cookieLine), malformed],
  [
    'K13a: is read beside the Basic of a proxy, which is not read',
    [bearerAlone, cookie],
    lines(basicLine('staging:secret'), cookieLine),
    bearer('from-cookie'),
  ],
  [
    'K13a: is required beside the Basic of a proxy',
    [bearerAlone, cookie],
    lines(basicLine('staging:secret')),
    required,
  ],
  ['CK-02: is refused twice', [cookie], cookies('s=a; s=b'), malformed],
  ['CK-02: is refused beside another', [cookie, fromCookie('t')], cookies('s=a; t=b'), several],
  ['CK-02: also if one is malformed', [cookie, fromCookie('t')], cookies('s=a; t=%'), several],
];

const withRequest: readonly Case[] = [
  ['without a credential', [request], lines(), { scheme: 'request' }],
  ['not beside a header', [request, header], lines(bearerLine('x')), bearer('x')],
  ['not beside a cookie', [request, cookie], lines(cookieLine), bearer('from-cookie')],
  ['with an unread scheme', [header, request], lines(digestLine), { scheme: 'request' }],
  [
    'AH-11: with an unread scheme beside a cookie',
    [header, cookie, request],
    lines(digestLine, cookieLine),
    { scheme: 'request' },
  ],
  ['not beside a malformed credential', [header, request], lines(brokenBearer), malformed],
];

const withHeader: readonly Case[] = [
  ['an empty password marks a token', [header, userInfo], lines(basicLine('t:')), bearer('t')],
  ['the password x marks a token', [header, userInfo], lines(basicLine('t:x')), bearer('t')],
  ['another one is a password', [header, userInfo], lines(basicLine('a:pw')), basic('a', 'pw')],
  ['Bearer is read beside fromUserInfo()', [header, userInfo], lines(bearerLine('x')), bearer('x')],
  [
    'user information is read beside a header that reads Bearer alone',
    [bearerAlone, userInfo.arranged(false)],
    lines(basicLine('token:stale')),
    bearer('token'),
  ],
  ['two extractors share it, each with its scheme', each, lines(basicLine('a:b')), basic('a', 'b')],
  ['a malformed Bearer is malformed for both', each, lines(brokenBearer), malformed],
];

const cases: readonly Case[] = [
  ['finds nothing in an empty handshake', pool.slice(0, -1), lines(), undefined],
  ...withQuery.map(([name, ...rest]): Case => [`reads a query parameter: ${name}`, ...rest]),
  ...withCookie.map(([name, ...rest]): Case => [`reads a cookie: ${name}`, ...rest]),
  ...withRequest.map(([name, ...rest]): Case => [`leaves it to fromRequest(): ${name}`, ...rest]),
  ...withHeader.map(([name, ...rest]): Case => [`reads Authorization: ${name}`, ...rest]),
];

function find(extractors: readonly HandshakeExtractor[], { url, lines: fields }: Sent) {
  const { handshakeExtractors } = resolvePolicy({ strategy: 'jwt', credentials: extractors });
  return findCredential(handshakeExtractors, handshakeOf(url, fields), limits);
}

describe('findCredential', () => {
  it.each(cases)('%s, in every order', (_name, extractors, given, expected) => {
    expect(summary(find(extractors, given))).toEqual(expected);
    expect(summary(find(extractors.toReversed(), given))).toEqual(expected);
  });

  it('refuses two credentials with 400 and close code 3000', () => {
    expect(find([header, query], sent('/?token=x', bearerLine('y')))).toMatchObject({
      httpStatus: 400,
      closeCode: 3000,
      reason: 'more than one credential',
    });
  });

  it('finds the same in every order of the extractors', () => {
    const authorization = fc.constantFrom(
      undefined,
      'Bearer x',
      'Bearer a b',
      'Digest x',
      `Basic ${base64('token:x')}`,
      `Basic ${base64('alice:secret')}`,
      `Basic ${base64('alice')}`,
    );
    const jar = fc.constantFrom(undefined, 's=a', 's=a; s=b', 's=%');
    const protocols = fc.constantFrom(undefined, 'chat', 'chat, bearer.x', 'bearer.x');
    const url = fc.constantFrom('/', '/?token=x', '/?token=%ff', '/?token=');
    fc.assert(
      fc.property(
        fc.shuffledSubarray(pool, { minLength: 1 }),
        fc.record({ authorization, cookies: jar, protocols, url }),
        (extractors, parts) => {
          const fields = [
            ['Authorization', parts.authorization],
            ['Cookie', parts.cookies],
            ['Sec-WebSocket-Protocol', parts.protocols],
          ].filter((line): line is [string, string] => line[1] !== undefined);
          const inPoolOrder = pool.filter((extractor) => extractors.includes(extractor));
          const given = sent(parts.url, ...fields);
          expect(summary(find(extractors, given))).toEqual(summary(find(inPoolOrder, given)));
        },
      ),
    );
  });
});
