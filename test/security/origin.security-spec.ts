import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromRequest,
  WsAuth,
  WsAuthConfigurationError,
  WsAuthModule,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { bootError } from '../support/app.js';
import {
  type Lab,
  preparedTable,
  securityCase,
  securityCases,
  until,
  WitnessGateway,
} from '../support/invariants.js';
import { JwtStrategy } from '../support/strategies.js';

type Allowed = WsAuthModuleOptions['allowedOrigins'];

/** Starts a gateway that reads a cookie, for pages of these origins. */
function startForPages(lab: Lab, allowedOrigins: Allowed, options: WsAuthModuleOptions = {}) {
  return lab.start({
    auth: {
      credentials: [fromCookie('session')],
      ...(allowedOrigins !== undefined && { allowedOrigins }),
      ...options,
    },
  });
}

function statusFor(lab: Lab, origin: string | readonly string[] | undefined): Promise<number> {
  return lab.status({ fields: { cookie: `session=${lab.token()}`, origin } });
}

const app = 'https://app.example.com';

/** Expects a status for each origin of a page. */
function originTable(
  name: string,
  allowed: Allowed,
  statuses: readonly (readonly [origin: string | readonly string[], status: number])[],
): void {
  preparedTable(name, statuses, async (lab) => {
    await startForPages(lab, allowed);
    return async ([origin, status]) => expect(await statusFor(lab, origin)).toBe(status);
  });
}

const refused = (...origins: readonly (string | readonly string[])[]) =>
  origins.map((origin) => [origin, 403] as const);

originTable(
  'OR-01: accepts the allowed origin in any spelling',
  [app],
  [
    [app, 101],
    ['HTTPS://APP.EXAMPLE.COM', 101],
    [`${app}:443`, 101],
  ],
);

preparedTable(
  'K8l: behind an identity proxy, which makes a header of a cookie, only own pages and machines may connect',
  [
    ['http://localhost', 101],
    ['https://evil.example', 403],
    ['null', 403],
    [undefined, 101],
  ] as const,
  async (lab) => {
    await startForPages(lab, 'same-origin', { credentials: [fromAuthorizationHeader()] });
    const authorization = `Bearer ${lab.token()}`;
    return async ([origin, status]) => {
      const fields = { authorization, host: 'localhost', origin };
      expect(await lab.status({ fields })).toBe(status);
    };
  },
);

securityCases(
  [undefined, [app], /.*/, 'same-origin'] as const,
  (allowed) => `OR-02: refuses the origin null where ${String(allowed)} is allowed`,
  async (lab, allowed) => {
    await startForPages(lab, allowed);
    expect(await statusFor(lab, 'null')).toBe(403);
  },
);

securityCase('OR-02: accepts the origin null where it is listed literally', async (lab) => {
  await startForPages(lab, [app, 'null']);
  expect(await statusFor(lab, 'null')).toBe(101);
});

originTable(
  'OR-04: refuses the allowed origin with anything but white space behind it',
  [app, /https:\/\/app\.example\.com/],
  [
    ...['/', '/path', '?x', '#x', '@evil.example', ':443:443', '\\', ':', ':99999999'].map(
      (suffix) => [app + suffix, 403] as const,
    ),
    [`${app} `, 101],
  ],
);

originTable(
  'OR-04: refuses an origin that is not serialized',
  [app],
  refused(
    'https://user@app.example.com',
    'https:app.example.com',
    '//app.example.com',
    'app.example.com',
    '',
  ),
);

originTable(
  'OR-06: a pattern for subdomains matches the whole origin',
  /https:\/\/[a-z]+\.example\.com/,
  [
    ['https://x.prefix-example.com', 403],
    ['https://example.com', 403],
    ['https://x.example.com.evil.net', 403],
    ['https://evil.net/https://x.example.com', 403],
    ['https://x.example.com', 101],
  ],
);

originTable(
  'OR-07: refuses another scheme, port or host than the allowed one',
  [app],
  refused(
    'http://app.example.com',
    `${app}:8443`,
    'https://app.example.com.',
    'https://app.example.org',
  ),
);

securityCase('OR-07: refuses another port or scheme of the own host', async (lab) => {
  await startForPages(lab, undefined);
  for (const origin of ['http://127.0.0.1', 'https://127.0.0.1', 'http://localhost']) {
    expect(await statusFor(lab, origin), origin).toBe(403);
  }
  expect(await statusFor(lab, lab.app.origin)).toBe(101);
});

securityCase('OR-07: ignores X-Forwarded-Host of an untrusted proxy', async (lab) => {
  await startForPages(lab, undefined);
  const fields = { cookie: `session=${lab.token()}`, 'x-forwarded-proto': 'https' };
  const origin = 'https://evil.example';
  const status = lab.status({ fields: { ...fields, origin, 'x-forwarded-host': 'evil.example' } });
  expect(await status).toBe(403);
});

securityCase('OR-08: compares a listed Unicode name with what browsers send', async (lab) => {
  await startForPages(lab, ['https://\u306f\u3058\u3081\u3088\u3046.jp']);
  const ascii = new URL('https://\u306f\u3058\u3081\u3088\u3046.jp').origin;
  expect(ascii).toMatch(/^https:\/\/xn--/);
  expect(await statusFor(lab, ascii)).toBe(101);
});

originTable(
  'OR-10: refuses two Origin lines',
  [app],
  refused([app, 'https://evil.example'], ['https://evil.example', app], [app, app]),
);

securityCase('OR-12: refuses a cookie without Origin with 403', async (lab) => {
  await startForPages(lab, [app]);
  expect(await statusFor(lab, undefined)).toBe(403);
});

securityCase(
  'OR-12: refuses it for the own origin, and for a strategy that reads cookies itself',
  async (lab) => {
    await lab.start({ auth: { credentials: [fromRequest()] } });
    expect(await statusFor(lab, undefined)).toBe(403);
  },
);

securityCase('OR-12: a predicate may accept it', async (lab) => {
  await startForPages(lab, (origin) => origin === undefined);
  expect(await statusFor(lab, undefined)).toBe(101);
  expect(await statusFor(lab, app)).toBe(403);
});

@WsAuth({ allowedOrigins: ['https://one.example'] })
@WebSocketGateway({ path: '/one' })
class OneGateway extends WitnessGateway {}

@WsAuth({ allowedOrigins: ['https://two.example'] })
@WebSocketGateway({ path: '/two' })
class TwoGateway extends WitnessGateway {}

securityCase('OR-13: two routes of one kind keep their own lists, in both orders', async (lab) => {
  await lab.start({
    gateways: [OneGateway, TwoGateway],
    auth: { credentials: [fromCookie('session')] },
  });
  const statusAt = (target: string, origin: string) =>
    lab.status({ target, fields: { cookie: `session=${lab.token()}`, origin } });
  for (const [target, origin, status] of [
    ['/one', 'https://one.example', 101],
    ['/two', 'https://one.example', 403],
    ['/two', 'https://two.example', 101],
    ['/one', 'https://two.example', 403],
    ['/one', 'https://one.example', 101],
  ] as const) {
    expect(await statusAt(target, origin), `${origin} at ${target}`).toBe(status);
  }
});

/** Why a gateway with these options refuses to boot. */
function refusal(auth: WsAuthModuleOptions): Promise<Error> {
  return bootError({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...auth })],
    providers: [JwtStrategy, WitnessGateway],
  });
}

securityCases(
  [
    ['an empty list beside a cookie', { credentials: [fromCookie('s')], allowedOrigins: [] }],
    ["'*' beside a cookie", { credentials: [fromCookie('s')], allowedOrigins: '*' }],
    ["'*' beside HTTP Basic", { credentials: [fromAuthorizationHeader()], allowedOrigins: '*' }],
    ["'*' beside fromRequest()", { credentials: [fromRequest()], allowedOrigins: '*' }],
    ['a wildcard', { allowedOrigins: ['https://*.example.com'] }],
    ['a path', { allowedOrigins: ['https://app.example.com/chat'] }],
    ['a trailing slash', { allowedOrigins: 'https://app.example.com/' }],
    ['no scheme', { allowedOrigins: ['app.example.com'] }],
    ['an empty entry', { allowedOrigins: [''] }],
    ["'*' in a list", { allowedOrigins: ['https://app.example.com', '*'] }],
    ['a value that is not a string', { allowedOrigins: [undefined as unknown as string] }],
  ] as const satisfies readonly (readonly [string, WsAuthModuleOptions])[],
  ([what]) => `OR-14: refuses to boot with ${what}`,
  async (_lab, [, auth]) => {
    const error = await refusal(auth);
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toContain('allowedOrigins');
  },
);

securityCases(
  [
    [
      'throws',
      () => {
        throw new Error('the list is gone');
      },
      403,
    ],
    ['rejects', () => Promise.reject(new Error('the database is down')), 403],
    ['answers with something truthy', () => 'yes' as unknown as boolean, 403],
    ['resolves to something truthy', () => Promise.resolve(1 as unknown as boolean), 403],
    ['resolves to false', () => Promise.resolve(false), 403],
    ['resolves to true', () => Promise.resolve(true), 101],
  ] as const,
  ([what, , status]) => `OR-15: answers ${status} to a predicate that ${what}`,
  async (lab, [, allowedOrigins, status]) => {
    await startForPages(lab, allowedOrigins);
    expect(await statusFor(lab, app)).toBe(status);
  },
);

securityCase(
  'OR-15: answers 503 at authTimeoutMs to a predicate that never answers',
  async (lab) => {
    await startForPages(lab, () => new Promise<boolean>(() => undefined));
    const peer = lab.knock({ fields: { cookie: `session=${lab.token()}`, origin: app } });
    await until(() => lab.pending === 1, 'the predicate is never asked');
    await lab.advance(5_000);
    expect(await peer.response()).toMatchObject({ status: 503 });
  },
);

securityCases(
  ['chrome-extension://abcdefghijklmnop', 'file://', 'capacitor://localhost', 'ionic://localhost'],
  (origin) => `OR-17: knows ${origin} as an exact string, only where it is listed`,
  async (lab, origin) => {
    await startForPages(lab, [app, origin]);
    expect(await statusFor(lab, origin)).toBe(101);
    expect(await statusFor(lab, 'chrome-extension://other')).toBe(403);
  },
);

securityCase('OR-17: refuses all of them where none is listed', async (lab) => {
  await startForPages(lab, [app]);
  for (const origin of ['chrome-extension://id', 'file://', 'capacitor://localhost']) {
    expect(await statusFor(lab, origin)).toBe(403);
  }
});
