import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromRequest,
  WsAuth,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import {
  type Lab,
  preparedTable,
  securityCase,
  securityCases,
  until,
  WitnessGateway,
} from '../support/invariants.js';

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

// One origin of each kind: the grammar is in the tables of `test/unit/policy/origin-policy.spec.ts`.
originTable(
  'OR-01, OR-02, OR-04, OR-06, OR-07, OR-08, OR-10, OR-17: accepts the pages of a list, and no others',
  [app, /https:\/\/[a-z]+\.example\.net/, 'chrome-extension://abcdef', 'https://例え.jp'],
  [
    [app, 101],
    ['HTTPS://APP.EXAMPLE.COM', 101],
    [`${app} `, 101],
    ['https://x.example.net', 101],
    ['chrome-extension://abcdef', 101],
    ['https://xn--r8jz45g.jp', 101],
    ['null', 403],
    [`${app}/path`, 403],
    ['https://user@app.example.com', 403],
    ['', 403],
    ['https://x.example.net.evil.net', 403],
    ['http://app.example.com', 403],
    ['https://app.example.com.', 403],
    [[app, 'https://evil.example'], 403],
    ['chrome-extension://other', 403],
    ['file://', 403],
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

securityCases(
  [
    ['rejects', () => Promise.reject(new Error('the database is down')), 403],
    ['resolves to something truthy', () => Promise.resolve(1 as unknown as boolean), 403],
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
