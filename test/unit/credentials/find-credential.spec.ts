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

interface Case {
  readonly name: string;
  readonly extractors: readonly HandshakeExtractor[];
  readonly url?: string;
  readonly lines?: HeaderLines;
  readonly expected: ReturnType<typeof summary>;
}

const cases: readonly Case[] = [
  {
    name: 'finds nothing in an empty handshake',
    extractors: [header, query, cookie, subprotocol, userInfo],
    expected: undefined,
  },
  {
    name: 'QP-08: ignores a query parameter that no extractor reads',
    extractors: [header],
    url: '/?token=x&access_token=y',
    expected: undefined,
  },
  {
    name: 'ignores an Authorization that no extractor reads',
    extractors: [query],
    url: '/?token=x',
    lines: [bearerLine('other')],
    expected: bearer('x'),
  },
  {
    name: 'AH-02: refuses Authorization beside a query parameter',
    extractors: [header, query],
    url: '/?token=x',
    lines: [bearerLine('x')],
    expected: several,
  },
  {
    name: 'AH-02: refuses them also when one of them is malformed',
    extractors: [header, query],
    url: '/?token=%ff',
    lines: [bearerLine('x')],
    expected: several,
  },
  {
    name: 'AH-02: refuses them also when both are malformed',
    extractors: [header, query],
    url: '/?token=%ff',
    lines: [['Authorization', 'Bearer']],
    expected: several,
  },
  {
    name: 'AH-02: refuses Basic beside a query parameter',
    extractors: [header, query],
    url: '/?token=x',
    lines: [basicLine('a:b')],
    expected: several,
  },
  {
    name: 'AH-02: refuses a scheme it does not read beside a query parameter',
    extractors: [header, query],
    url: '/?token=x',
    lines: [['Authorization', 'Digest x']],
    expected: several,
  },
  {
    name: 'AH-02: refuses a query parameter beside a subprotocol',
    extractors: [query, subprotocol],
    url: '/?token=x',
    lines: [protocolLine],
    expected: several,
  },
  {
    name: 'AH-02: refuses two query parameters of two extractors',
    extractors: [query, fromQueryParam('ticket')],
    url: '/?token=x&ticket=y',
    expected: several,
  },
  {
    name: 'AH-02: refuses Authorization, query and subprotocol together',
    extractors: [header, userInfo, query, subprotocol],
    url: '/?token=x',
    lines: [bearerLine('y'), protocolLine],
    expected: several,
  },
  {
    name: 'takes an empty query parameter for none',
    extractors: [header, query],
    url: '/?token=',
    lines: [bearerLine('x')],
    expected: bearer('x'),
  },
  {
    name: 'reads a cookie',
    extractors: [header, cookie],
    lines: [cookieLine],
    expected: bearer('from-cookie'),
  },
  {
    name: 'lets an explicit credential make the cookie irrelevant',
    extractors: [cookie, header],
    lines: [cookieLine, bearerLine('x')],
    expected: bearer('x'),
  },
  {
    name: 'lets an explicit credential make a broken cookie irrelevant',
    extractors: [cookie, query],
    url: '/?token=x',
    lines: [['Cookie', 's=a; s=b']],
    expected: bearer('x'),
  },
  {
    name: 'AH-11: falls back to no cookie from a malformed Bearer',
    extractors: [header, cookie],
    lines: [['Authorization', 'Bearer a b'], cookieLine],
    expected: malformed,
  },
  {
    name: 'AH-11: falls back to no cookie from a malformed Basic',
    extractors: [header, cookie],
    lines: [basicLine('alice'), cookieLine],
    expected: rejected,
  },
  {
    name: 'AH-11: falls back to no cookie from a scheme it does not read',
    extractors: [header, cookie],
    lines: [['Authorization', 'Digest x'], cookieLine],
    expected: required,
  },
  {
    name: 'K13a: takes the Basic of a proxy, which it does not read, for no credential beside a cookie',
    extractors: [fromAuthorizationHeader({ schemes: ['Bearer'] }), cookie],
    lines: [basicLine('staging:secret'), cookieLine],
    expected: bearer('from-cookie'),
  },
  {
    name: 'K13a: refuses the Basic of a proxy where nothing else is there',
    extractors: [fromAuthorizationHeader({ schemes: ['Bearer'] }), cookie],
    lines: [basicLine('staging:secret')],
    expected: required,
  },
  {
    name: 'AH-11: falls back to no cookie from a malformed query parameter',
    extractors: [query, cookie],
    url: '/?token=%00',
    lines: [cookieLine],
    expected: malformed,
  },
  {
    name: 'CK-02: refuses a cookie that is there twice',
    extractors: [cookie],
    lines: [['Cookie', 's=a; s=b']],
    expected: malformed,
  },
  {
    name: 'CK-02: refuses the cookies of two extractors',
    extractors: [cookie, fromCookie('t')],
    lines: [['Cookie', 's=a; t=b']],
    expected: several,
  },
  {
    name: 'CK-02: refuses the cookies of two extractors also when one is malformed',
    extractors: [cookie, fromCookie('t')],
    lines: [['Cookie', 's=a; t=%']],
    expected: several,
  },
  {
    name: 'leaves a request without a credential to fromRequest()',
    extractors: [request],
    expected: { scheme: 'request' },
  },
  {
    name: 'prefers an explicit credential to fromRequest()',
    extractors: [request, header],
    lines: [bearerLine('x')],
    expected: bearer('x'),
  },
  {
    name: 'prefers a cookie that is read to fromRequest()',
    extractors: [request, cookie],
    lines: [cookieLine],
    expected: bearer('from-cookie'),
  },
  {
    name: 'leaves a scheme that is not read to fromRequest()',
    extractors: [header, request],
    lines: [['Authorization', 'Digest username="a"']],
    expected: { scheme: 'request' },
  },
  {
    name: 'AH-11: leaves a scheme that is not read to fromRequest() also beside a cookie',
    extractors: [header, cookie, request],
    lines: [['Authorization', 'Digest username="a"'], cookieLine],
    expected: { scheme: 'request' },
  },
  {
    name: 'leaves no malformed credential to fromRequest()',
    extractors: [header, request],
    lines: [['Authorization', 'Bearer a b']],
    expected: malformed,
  },
  {
    name: 'takes an empty password beside fromAuthorizationHeader() for the mark of a token',
    extractors: [header, userInfo],
    lines: [basicLine('token:')],
    expected: bearer('token'),
  },
  {
    name: 'takes the password x beside fromAuthorizationHeader() for the mark of a token',
    extractors: [header, userInfo],
    lines: [basicLine('token:x')],
    expected: bearer('token'),
  },
  {
    name: 'takes another password beside fromAuthorizationHeader() for a password',
    extractors: [header, userInfo],
    lines: [basicLine('alice:secret')],
    expected: basic('alice', 'secret'),
  },
  {
    name: 'reads Bearer beside fromUserInfo()',
    extractors: [header, userInfo],
    lines: [bearerLine('x')],
    expected: bearer('x'),
  },
  {
    name: 'reads user information beside a header that reads Bearer alone',
    extractors: [fromAuthorizationHeader({ schemes: ['Bearer'] }), userInfo.arranged(false)],
    lines: [basicLine('token:stale')],
    expected: bearer('token'),
  },
  {
    name: 'lets two extractors share the header, each with its scheme',
    extractors: [
      fromAuthorizationHeader({ schemes: ['Bearer'], strategy: 'jwt' }),
      fromAuthorizationHeader({ schemes: ['Basic'], strategy: 'basic' }),
    ],
    lines: [basicLine('a:b')],
    expected: basic('a', 'b'),
  },
  {
    name: 'states that a malformed Bearer is malformed, though another extractor does not read it',
    extractors: [
      fromAuthorizationHeader({ schemes: ['Bearer'], strategy: 'jwt' }),
      fromAuthorizationHeader({ schemes: ['Basic'], strategy: 'basic' }),
    ],
    lines: [['Authorization', 'Bearer a b']],
    expected: malformed,
  },
];

function find(extractors: readonly HandshakeExtractor[], { url = '/', lines = [] }: Partial<Case>) {
  const { handshakeExtractors } = resolvePolicy({ strategy: 'jwt', credentials: extractors });
  return findCredential(handshakeExtractors, handshakeOf(url, lines), limits);
}

describe('findCredential', () => {
  for (const { name, extractors, expected, ...given } of cases) {
    it(name, () => {
      expect(summary(find(extractors, given))).toEqual(expected);
    });

    it(`${name}, in the other order as well`, () => {
      expect(summary(find(extractors.toReversed(), given))).toEqual(expected);
    });
  }

  it('refuses two credentials with 400 and close code 3000', () => {
    expect(find([header, query], { url: '/?token=x', lines: [bearerLine('y')] })).toMatchObject({
      httpStatus: 400,
      closeCode: 3000,
      reason: 'more than one credential',
    });
  });

  it('finds the same in every order of the extractors', () => {
    const pool = [header, query, cookie, subprotocol, userInfo, request];
    const authorization = fc.constantFrom(
      undefined,
      'Bearer x',
      'Bearer a b',
      'Digest x',
      `Basic ${base64('token:x')}`,
      `Basic ${base64('alice:secret')}`,
      `Basic ${base64('alice')}`,
    );
    const cookies = fc.constantFrom(undefined, 's=a', 's=a; s=b', 's=%');
    const protocols = fc.constantFrom(undefined, 'chat', 'chat, bearer.x', 'bearer.x');
    const url = fc.constantFrom('/', '/?token=x', '/?token=%ff', '/?token=');
    fc.assert(
      fc.property(
        fc.shuffledSubarray(pool, { minLength: 1 }),
        fc.record({ authorization, cookies, protocols, url }),
        (extractors, sent) => {
          const lines = [
            ['Authorization', sent.authorization],
            ['Cookie', sent.cookies],
            ['Sec-WebSocket-Protocol', sent.protocols],
          ].filter((line): line is [string, string] => line[1] !== undefined);
          const inPoolOrder = pool.filter((extractor) => extractors.includes(extractor));
          const given = { url: sent.url, lines };
          expect(summary(find(extractors, given))).toEqual(summary(find(inPoolOrder, given)));
        },
      ),
    );
  });
});
