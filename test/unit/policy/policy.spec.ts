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
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';

function resolve(options: WsAuthModuleOptions = {}) {
  return resolvePolicy({ strategy: 'jwt', ...options });
}

const userId = () => 'id';
const expiresAt = () => undefined;
const middleware = [() => undefined];
const bridge = { path: '/bridge', parentOrigins: ['https://app.example.com'] };

function anyPassword(...credentials: WsCredentialExtractor[]) {
  return resolve({ credentials }).handshakeExtractors.find(({ name }) => name === 'fromUserInfo');
}

describe('a policy without options', () => {
  const policy = resolve();

  it('reads the header and the first message', () => {
    expect(policy.handshakeExtractors.map(({ name }) => name)).toEqual(['fromAuthorizationHeader']);
    expect(policy.challengeSchemes).toEqual(['Basic', 'Bearer']);
    expect(policy.firstMessage).toMatchObject({ name: 'fromFirstMessage', format: 'event' });
  });

  it('closes with the registered codes, and trusts no proxy', () => {
    expect([...policy.closeCodes]).toEqual([
      [3000, 3000],
      [3003, 3003],
      [3008, 3008],
    ]);
    expect(policy.trust('127.0.0.1', 0)).toBe(false);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(policy)).toBe(true);
    expect(Object.isFrozen(policy.events)).toBe(true);
    expect(Object.isFrozen(policy.limits)).toBe(true);
    expect(Object.isFrozen(policy.strategy)).toBe(true);
    expect(Object.isFrozen(policy.challengeSchemes)).toBe(true);
  });
});

describe('a policy with options', () => {
  it('takes them over', () => {
    const same = {
      strategy: ['jwt', 'basic'],
      optional: true,
      authTimeoutMs: 1,
      maxQueuedMessages: 0,
      maxQueuedBytes: 0,
      realm: 'Zone',
      property: 'account',
      shutdownTimeoutMs: 0,
      maxSessionAgeMs: 1,
      onLimit: 'closeOldest' as const,
      userId,
      expiresAt,
      middleware,
    };
    const policy = resolve({
      ...same,
      maxCredentialBytes: 16,
      closeCodes: { unauthorized: 1011, forbidden: 4403, timeout: 4408 },
      events: { authenticate: 'login' },
      trustProxy: 1,
      expiryWarningMs: 0,
      heartbeatIntervalMs: 0,
      maxSessionsPerUser: 1,
    });
    expect(policy).toMatchObject({
      ...same,
      limits: { maxCredentialBytes: 16 },
      events: { authenticate: 'login', authenticated: 'authenticated', expiring: 'expiring' },
    });
    expect([...policy.closeCodes.values()]).toEqual([1011, 4403, 4408]);
    expect(policy.trust('203.0.113.1', 0)).toBe(true);
  });

  it('sorts its extractors by what they read', () => {
    const cookie = fromCookie('s', { bridge });
    const policy = resolve({
      credentials: [fromFirstMessage({ format: 'raw' }), cookie, fromCookie('t'), fromRequest()],
    });
    expect(policy.handshakeExtractors).toHaveLength(3);
    expect(policy.firstMessage?.format).toBe('raw');
    expect(policy.bridges).toEqual([cookie]);
  });

  it('asks for each scheme once', () => {
    const credentials = [fromQueryParam('t'), fromSubprotocol(), fromCookie('s'), fromUserInfo()];
    expect(new Set(resolve({ credentials }).challengeSchemes)).toEqual(
      new Set(['Basic', 'Bearer']),
    );
    expect(resolve({ credentials: [fromRequest()] }).challengeSchemes).toEqual([]);
  });

  it('lets fromUserInfo() take any password only where nothing else reads Basic', () => {
    expect(anyPassword(fromUserInfo())).toMatchObject({ anyPassword: true });
    expect(anyPassword(fromUserInfo(), fromAuthorizationHeader())).toMatchObject({
      anyPassword: false,
    });
    expect(
      anyPassword(fromAuthorizationHeader({ schemes: ['Bearer'] }), fromUserInfo()),
    ).toMatchObject({ anyPassword: true });
  });

  it('K8o: asks for the name of a strategy where it is given a class, and prints no source', () => {
    class JwtStrategy {
      readonly key = 'a secret in the source';
    }
    for (const strategy of [JwtStrategy, [JwtStrategy], new JwtStrategy()] as unknown[]) {
      const resolving = () => resolvePolicy({ strategy: strategy as string });
      expect(resolving).toThrow(
        /^strategy: expected the name of a strategy such as 'jwt', or names in a list$/,
      );
    }
  });

  it('needs no strategy when every extractor names one', () => {
    const credentials = [fromQueryParam('t', { strategy: 'ws-ticket' })];
    expect(resolvePolicy({ credentials }).strategy).toEqual([]);
  });

  it("OR-14: allows '*' when nothing is ambient", () => {
    const credentials = [
      fromAuthorizationHeader({ schemes: ['Bearer'] }),
      fromQueryParam('t'),
      fromSubprotocol(),
      fromFirstMessage(),
    ];
    expect(() => resolve({ credentials, allowedOrigins: '*' })).not.toThrow();
  });
});

type Refused = readonly [name: string, options: object, message: string | RegExp];

const integers = [
  ['authTimeoutMs', 0],
  ['authTimeoutMs', 2 ** 31],
  ['authTimeoutMs', Number.NaN],
  ['authTimeoutMs', '5000'],
  ['authTimeoutMs', Infinity],
  ['maxCredentialBytes', 15],
  ['maxCredentialBytes', 8.5],
  ['maxQueuedMessages', -1],
  ['maxQueuedBytes', -1],
  ['shutdownTimeoutMs', -1],
  ['shutdownTimeoutMs', 2 ** 31],
  ['expiryWarningMs', -1],
  ['maxReauthenticationsPerMinute', 0],
  ['heartbeatIntervalMs', -1],
  ['heartbeatIntervalMs', 2 ** 31],
  ['maxSessionAgeMs', 0],
  ['maxSessionAgeMs', Number.NaN],
  ['maxSessionsPerUser', 0],
  ['maxBufferedBytes', 0],
] as const;

const refused: readonly Refused[] = [
  ...integers.map(([option, value]): Refused => [
    `${option}: ${String(value)} (${typeof value})`,
    { [option]: value },
    new RegExp(`^${option}: expected a whole number from \\d+ to \\d+, got `),
  ]),
  ...[fromCookie('s'), fromAuthorizationHeader(), fromUserInfo(), fromRequest()].map(
    (extractor): Refused => [
      `OR-14: '*' beside ${extractor.name}`,
      { allowedOrigins: '*', credentials: [extractor] },
      /^allowedOrigins: '\*' lets every page use the credentials/,
    ],
  ),
  ["OR-14: '*' beside the default credentials", { allowedOrigins: '*' }, /^allowedOrigins: '\*'/],
  [
    'an empty list of credentials',
    { credentials: [] },
    'credentials: the list is empty; name an extractor such as fromAuthorizationHeader(), or mark the gateway @WsPublic()',
  ],
  ['credentials that are no list', { credentials: fromCookie('s') }, /^credentials: /],
  ['an extractor that was not called', { credentials: [fromQueryParam] }, /^credentials: /],
  ['an extractor that is a name', { credentials: ['header'] }, /^credentials: /],
  ['an extractor that is undefined', { credentials: [undefined] }, /^credentials: /],
  [
    'fromFirstMessage() twice',
    { credentials: [fromFirstMessage(), fromFirstMessage({ format: 'raw' })] },
    'credentials: fromFirstMessage() is listed twice',
  ],
  [
    'K11b: a hole in the list of extractors',
    { credentials: Array(1) },
    /^credentials: expected extractors/,
  ],
  [
    'K11b: an extractor of another copy of the package',
    { credentials: [fromFirstMessage(), { name: 'fromFirstMessage', phase: 'message' } as never] },
    /^credentials: expected extractors.*npm ls nestjs-ws-auth shows two copies/,
  ],
  [
    'K11b: a message that is no extractor',
    { credentials: [{ name: 'own', phase: 'message' } as never] },
    /^credentials: expected extractors.* in a list$/,
  ],
  ['K11b: no list', { credentials: fromFirstMessage() as never }, /^credentials: .* in a list$/],
  [
    'K11b: a hole in the list of middleware',
    { middleware: Array(1) },
    /^middleware: expected a function/,
  ],
  ...(
    [
      [[fromAuthorizationHeader(), fromAuthorizationHeader({ schemes: ['Bearer'] })], 'Bearer"'],
      [
        [fromCookie('s'), fromQueryParam('s'), fromCookie('s', { strategy: 'a' })],
        'the cookie "s"',
      ],
      [[fromQueryParam('t'), fromQueryParam('t')], 'the query parameter "t"'],
      [[fromSubprotocol(), fromSubprotocol({ prefix: 'bearer.' })], 'the subprotocol "bearer."'],
      [[fromSubprotocol({ after: 'a' }), fromSubprotocol({ after: 'a' })], 'the subprotocol "a"'],
      [[fromUserInfo(), fromUserInfo({ strategy: 'a' })], 'the user information'],
      [[fromRequest(), fromRequest({ headers: ['X-Key'] })], 'the whole request'],
    ] as const
  ).map(([credentials, place]): Refused => [
    `K11b: two extractors of ${place}`,
    { credentials, allowedOrigins: 'https://a.example' },
    new RegExp(`^credentials: two extractors read .*${place}, and one of them has no`),
  ]),
  [
    'ST-17: no strategy',
    { strategy: undefined },
    "strategy: none is named; pass WsAuthModule.forRoot({ strategy: 'jwt' }), put @WsAuth({ strategy: 'jwt' }) on the " +
      "gateway, or import PassportModule.register({ defaultStrategy: 'jwt' }), with the same name in all modules",
  ],
  ['ST-17: an empty list of strategies', { strategy: [] }, /^strategy: none is named/],
  [
    'ST-17: one extractor without a strategy beside one with',
    {
      strategy: undefined,
      credentials: [fromQueryParam('t', { strategy: 'a' }), fromCookie('s')],
    },
    /^strategy: none is named/,
  ],
  [
    'ST-17: an extractor with an empty list of strategies',
    { credentials: [fromQueryParam('t', { strategy: [] })] },
    /^strategy: /,
  ],
  [
    'a realm with a line break',
    { realm: 'a\r\nSet-Cookie: x=1' },
    'realm: expected a string without control characters',
  ],
  [
    'a realm that is not a string',
    { realm: 7 },
    'realm: expected a string without control characters',
  ],
  ...[1005, 1006, 1015, 2999, 5000, 4000.5, '4000', Number.NaN, null].flatMap((code) =>
    ['unauthorized', 'forbidden', 'timeout'].map((name): Refused => [
      `the close code ${String(code)} (${typeof code}) for ${name}`,
      { closeCodes: { [name]: code } },
      new RegExp(
        `^closeCodes\\.${name}: expected 1000, 1001, 1003, 1007-1009, 1011-1013 or 3000-4999, got `,
      ),
    ]),
  ),
  ['an unknown onLimit', { onLimit: 'closeAll' }, "onLimit: expected 'refuse' or 'closeOldest'"],
  ["optional: 'false', which is true", { optional: 'false' }, /^optional: /],
  ['optional: 1', { optional: 1 }, /^optional: /],
  ['a userId that is not a function', { userId: 'id' }, /^userId: /],
  ['an expiresAt that is not a function', { expiresAt: 60 }, /^expiresAt: /],
  ['a property that is not a name', { property: '' }, /^property: /],
  ['a property that the client has already', { property: 'send' }, /^property: /],
  ['a property of every object', { property: '__proto__' }, /^property: /],
  ['an event without a name', { events: { authenticate: '' } }, /^events\.authenticate: /],
  ['a middleware that is not a function', { middleware: ['session'] }, /^middleware: /],
];

describe('options that cannot be meant refuse to boot', () => {
  it.each(refused)('%s', (_name, options, message) => {
    expect(() => resolve(options)).toThrow(WsAuthConfigurationError);
    expect(() => resolve(options)).toThrow(message);
  });
});
