import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  type WsAuthModuleOptions,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { ConnectOptions, TestClient } from '../support/client.js';
import { fc } from '../support/property.js';
import { customStrategy, type JudgedRequest } from '../support/strategies.js';
import { basicHeader, bearer } from '../support/tokens.js';
import { restoreClocks, secondMs, useAllFakeClocks, useFakeTimers } from '../support/clocks.js';
import { fateOf, sessionOfUser, sessionsOf } from '../support/connections.js';

restoreClocks();

/** Everything of a request in which a strategy may look for a credential. */
function foundIn({ headers, body, query }: JudgedRequest): string[] {
  const { authorization = '', cookie = '' } = headers;
  const [scheme, value = ''] = authorization.split(' ');
  const [user = ''] = Buffer.from(value, 'base64').toString().split(':');
  return [
    scheme === 'Basic' ? user : value,
    String(headers['x-key']),
    String(body?.['token']),
    String(body?.['username']),
    String(query['t']),
    ...cookie.split('; ').map((pair) => pair.split('=')[1] ?? ''),
  ];
}

const names = ['a', 'b', 'c'] as const;
type Name = (typeof names)[number];

/** Strategies that accept each its own credential, `a1` or `a2` for `a`, wherever they find it. */
const strategies = names.map((name) =>
  customStrategy(name, (request) => {
    return foundIn(request).some((each) => each.startsWith(name) && /^.[12]$/.test(each))
      ? { id: 'alice' }
      : false;
  }),
);

const origin = 'https://app.example.com';

interface Way {
  make(options: { readonly strategy?: Name[] }): WsCredentialExtractor;
  /** Presents a credential on the upgrade. Absent for messages. */
  readonly connect?: (token: string) => readonly [path: string, options: ConnectOptions];
}

const ways: Readonly<Record<string, Way>> = {
  bearer: {
    make: (options) => fromAuthorizationHeader({ ...options, schemes: ['Bearer'] }),
    connect: (token) => ['/', bearer(token)],
  },
  basic: {
    make: (options) => fromAuthorizationHeader({ ...options, schemes: ['Basic'] }),
    connect: (token) => ['/', { origin, headers: { authorization: basicHeader(token, 'secret') } }],
  },
  query: {
    make: (options) => fromQueryParam('token', options),
    connect: (token) => [`/?token=${token}`, {}],
  },
  cookie: {
    make: (options) => fromCookie('sid', options),
    connect: (token) => ['/', { origin, headers: { cookie: `sid=${token}` } }],
  },
  subprotocol: {
    make: (options) => fromSubprotocol(options),
    connect: (token) => ['/', { protocols: ['chat', `bearer.${token}`] }],
  },
  userInfo: {
    make: (options) => fromUserInfo(options),
    connect: (token) => ['/', { origin, headers: { authorization: basicHeader(token, 'x') } }],
  },
  request: {
    make: (options) => fromRequest({ ...options, headers: ['x-key'], queryParams: ['t'] }),
    connect: (token) => ['/', { origin, headers: { 'x-key': token } }],
  },
  message: { make: (options) => fromFirstMessage(options) },
  rawMessage: { make: (options) => fromFirstMessage({ ...options, format: 'raw' }) },
};

interface Door {
  readonly root: Name[];
  readonly doors: readonly (readonly [way: string, own: Name[] | undefined])[];
}

const someNames = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 });
const anyDoor: fc.Arbitrary<Door> = fc.record({
  root: someNames,
  doors: fc.uniqueArray(
    fc.tuple(fc.constantFrom(...Object.keys(ways)), fc.option(someNames, { nil: undefined })),
    // Only one first message, and only one extractor for Basic.
    {
      minLength: 1,
      maxLength: 3,
      selector: ([way]) => (way.endsWith('essage') ? 'm' : /basic|userInfo/.test(way) ? 'b' : way),
    },
  ),
});

function optionsOf({ root, doors }: Door): WsAuthModuleOptions {
  const credentials = doors.map(([way, own]) => ways[way]!.make(own ? { strategy: own } : {}));
  return { strategy: root, credentials, allowedOrigins: origin, heartbeatIntervalMs: 0 };
}

/** Sends a first message to a gateway that waits for one. */
async function knockByMessage(app: TestApp, data: object | string): Promise<TestClient> {
  const client = await app.connect().opened();
  client.sendRaw(typeof data === 'string' ? data : JSON.stringify({ event: 'authenticate', data }));
  return client;
}

async function isIn(client: TestClient): Promise<boolean> {
  const fate = fateOf(client).then(() => false);
  const answer = client.ask('echo', 1).then(
    () => true,
    () => false,
  );
  return Promise.race([fate, answer]);
}

/** Whether the gateway renews the session of a client by a message. */
async function renews(client: TestClient, data: Data): Promise<boolean> {
  client.emit('authenticate', data);
  return client.nextEvent().then(
    ({ event }) => event === 'authenticated',
    () => false,
  );
}

/** Whether the gateway accepts what a message presents, by one of its ways. */
async function isAcceptedAtDoor(app: TestApp, { doors }: Door, data: Data): Promise<boolean> {
  for (const [way] of doors) {
    const { connect } = ways[way]!;
    if (connect === undefined) {
      const said = way === 'rawMessage' ? (data.token ?? '') : data;
      if (await isIn(await knockByMessage(app, said))) {
        return true;
      }
    } else if (data.token !== undefined) {
      // As strategies of `fromRequest()` see it, a token stands in the header.
      const [path, options] = way === 'request' ? bearerFrom(data.token) : connect(data.token);
      const client = app.connect(path, options);
      if (
        way !== 'basic' &&
        (await client.opened().then(
          () => isIn(client),
          () => false,
        ))
      ) {
        return true;
      }
    }
  }
  return false;
}

function bearerFrom(token: string) {
  return ['/', { origin, headers: { authorization: `Bearer ${token}` } }] as const;
}

interface Data {
  readonly token?: string;
  readonly username?: string;
}

async function enterBy(app: TestApp, way: string, token: string): Promise<TestClient | undefined> {
  const { connect } = ways[way]!;
  if (connect === undefined) {
    const entering = await knockByMessage(app, way === 'rawMessage' ? token : { token });
    if (way === 'message') {
      await entering.nextEvent().catch(() => undefined);
    }
    return entering;
  }
  const client = app.connect(...connect(token));
  return client.opened().catch(() => undefined);
}

const presented: fc.Arbitrary<Data> = fc.oneof(
  fc.constantFrom('a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'd1').map((token) => ({ token })),
  fc.constantFrom('a1', 'b1', 'c1').map((username) => ({ username })),
  fc.constantFrom('a1', 'b1', 'c1').map((username) => ({ token: 'd1', username })),
);

describe('what is refused at the door', () => {
  it('K9b: is refused as a renewal, for whatever policy and credential', async () => {
    let renewals = 0;
    await fc.assert(
      fc.asyncProperty(anyDoor, fc.nat(), presented, async (policy, pick, data) => {
        await using app = await startProtected(optionsOf(policy), strategies);
        const [way, own] = policy.doors[pick % policy.doors.length]!;
        const client = await enterBy(app, way, `${(own ?? policy.root)[0]!}1`);
        if (!client || !(await isIn(client))) {
          return;
        }
        if (await renews(client, data)) {
          renewals += 1;
          expect(await isAcceptedAtDoor(app, policy, data)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
    expect(renewals).toBeGreaterThan(10);
  }, 120_000);

  const stepUps: [string, string, Name[], Data, boolean][] = [
    ['the strategy of the extractor', 'bearer', ['b'], { token: 'b2' }, true],
    ['a root strategy that no extractor uses', 'bearer', ['b'], { token: 'a2' }, false],
    ['the same by query', 'query', ['b'], { token: 'a2' }, false],
    ['the same by cookie', 'cookie', ['b'], { token: 'a2' }, false],
    ['the same by raw message', 'rawMessage', ['b'], { token: 'a2' }, false],
    ['a token where only HTTP Basic is read', 'basic', ['a', 'b'], { token: 'b2' }, false],
    ['fields where no message is read', 'bearer', ['b'], { username: 'b2' }, false],
    ['fields where messages are raw', 'rawMessage', ['b'], { username: 'b2' }, false],
    ['fields where messages are read', 'message', ['b'], { username: 'b2' }, true],
    ['a token where requests are read', 'request', ['b'], { token: 'b2' }, true],
    ['the cookie of the upgrade', 'request', ['b'], { token: 'd1' }, false],
  ];

  it.each(stepUps)('K9b: %s', async (_what, way, own, data, renewed) => {
    const policy: Door = { root: ['a'], doors: [[way, own]] };
    await using app = await startProtected(optionsOf(policy), strategies);
    const client = (await enterBy(app, way, `${own[0]!}1`))!;
    expect(await isIn(client)).toBe(true);
    expect(await renews(client, data)).toBe(renewed);
  });

  it('K9b: an extractor of the same name renews with its own strategies', async () => {
    const credentials = [
      fromQueryParam('one', { strategy: 'a' }),
      fromQueryParam('two', { strategy: 'b' }),
    ];
    await using app = await startProtected({ strategy: 'c', credentials }, strategies);
    for (const [path, token, renewed] of [
      ['/?one=a1', 'a2', true],
      ['/?two=b1', 'b2', true],
      ['/?one=a1', 'b2', false],
      ['/?two=b1', 'a2', false],
      ['/?one=a1', 'c2', false],
    ] as const) {
      const client = await app.connect(path).opened();
      expect(await renews(client, { token }), `${path} ${token}`).toBe(renewed);
    }
  });
});

/** What middleware and strategies can read of a request, besides its credential. */
function factsOf(request: IncomingMessage) {
  const { authorization: _credential, ...headers } = request.headers;
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, socket } = request;
  const { originalUrl, query } = request as Partial<JudgedRequest & { originalUrl: string }>;
  return {
    method,
    url,
    originalUrl,
    query,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
    headers,
    socket,
  };
}

describe('what middleware and strategies see at a renewal', () => {
  const cases: [string, WsAuthModuleOptions['credentials'], string, object, boolean][] = [
    [
      'a header',
      [fromAuthorizationHeader()],
      '/?room=1&room=2',
      { authorization: 'Bearer a1' },
      false,
    ],
    ['a query', [fromQueryParam('token')], '/?room=1&token=a1', {}, false],
    ['a message', [fromFirstMessage()], '/?room=1', {}, true],
    ['the request', [fromRequest()], '/?room=1', { authorization: 'Bearer a1' }, false],
  ];

  it.each(cases)(
    'K9a: is what they saw at the upgrade by %s',
    async (_way, credentials, path, given, byMessage) => {
      const seen = { middleware: [] as object[], strategy: [] as object[] };
      const strategy = customStrategy('recording', (request) => {
        seen.strategy.push({ ...factsOf(request), encrypted: 'encrypted' in request.socket });
        return { id: 'alice' };
      });
      await using app = await startProtected(
        {
          strategy: 'recording',
          credentials: credentials!,
          allowedOrigins: origin,
          middleware: [
            (request: IncomingMessage, _response: unknown, next: () => void) => {
              seen.middleware.push(factsOf(request));
              next();
            },
          ],
        },
        [strategy],
      );
      const headers = {
        ...given,
        host: 'acme.example.com:8080',
        'x-tenant': 'acme',
        'X-Forwarded-For': '203.0.113.1, 203.0.113.2',
        'user-agent': 'test \u00e9',
        accept: '*/*',
      };
      const client = await app.connect(path, { origin, headers }).opened();
      if (byMessage) {
        await client.emit('authenticate', { token: 'a1' }).nextEvent();
      }
      // The same token, since the strategy also finds it in the query where the extractor reads that.
      await client.emit('authenticate', { token: 'a1' }).nextEvent();
      await client.emit('authenticate', { token: 'a1' }).nextEvent();
      const [door, ...renewals] = seen.strategy;
      expect(door).toMatchObject({
        headers: { host: 'acme.example.com:8080', 'x-tenant': 'acme' },
      });
      expect(renewals).toEqual([door, door]);
      const [before, ...after] = seen.middleware as { url: string; query: object }[];
      expect(after).toHaveLength(2);
      const url = before!.url.replace('&token=a1', '');
      const { token: _token, ...query } = before!.query as { token?: string };
      expect(after[0]).toMatchObject({ ...before, url, originalUrl: url, query });
      expect(after[0]!.query).toEqual(query);
      expect(after[1]).toEqual(after[0]);
    },
  );

  it('K9a: holds neither the cookies nor the credential of the upgrade', async () => {
    const seen: string[] = [];
    const strategy = customStrategy('recording', (request) => {
      seen.push(
        JSON.stringify([
          factsOf(request).headers,
          request.rawHeaders,
          request.url,
          request.headers.authorization,
        ]),
      );
      return { id: 'alice' };
    });
    await using app = await startProtected(
      {
        strategy: 'recording',
        credentials: [fromRequest({ headers: ['x-key'], queryParams: ['k'] })],
        allowedOrigins: origin,
        middleware: [
          (request: IncomingMessage, _response: unknown, next: () => void) => {
            seen.push(JSON.stringify([request.headers, request.rawHeaders, request.url]));
            next();
          },
        ],
      },
      [strategy],
    );
    const headers = { cookie: 'sid=secret', 'x-key': 'secret', authorization: 'Bearer secret' };
    const client = await app.connect('/?k=secret', { origin, headers }).opened();
    seen.length = 0;
    await client.emit('authenticate', { token: 'a2' }).nextEvent();
    expect(seen).toHaveLength(2);
    expect(seen.join()).not.toContain('secret');
  });

  it('K9a: keeps the tenant of the connection', async () => {
    const tenant = new AsyncLocalStorage<string>();
    @WebSocketGateway()
    class TenantGateway {
      @SubscribeMessage('tenant')
      tenant() {
        return { event: 'tenant', data: tenant.getStore() ?? 'none' };
      }
    }
    await using app = await startProtected(
      {
        strategy: 'a',
        credentials: [fromAuthorizationHeader(), fromFirstMessage()],
        middleware: [
          ({ headers }: IncomingMessage, _response: unknown, next: () => void) =>
            tenant.run(headers.host ?? '', next),
        ],
      },
      [...strategies, TenantGateway],
    );
    const host = 'acme.example.com';
    const byHeader = await app
      .connect('/', { headers: { host, authorization: 'Bearer a1' } })
      .opened();
    const byMessage = await app.connect('/', { headers: { host } }).opened();
    await byMessage.emit('authenticate', { token: 'a1' }).nextEvent();
    for (const client of [byHeader, byMessage]) {
      for (let round = 0; round < 3; round += 1) {
        expect(await client.ask('tenant')).toBe(host);
        await client.emit('authenticate', { token: 'a2' }).nextEvent();
      }
      expect(await client.ask('tenant')).toBe(host);
    }
  });
});

describe('maxSessionAgeMs', () => {
  const maxSessionAgeMs = 600 * secondMs;
  const renewals: [string, (app: TestApp, client: TestClient) => unknown][] = [
    ['credentials without an end', (_app, client) => client.emit('authenticate', { token: 'a2' })],
    [
      'refresh() without an end',
      (app) => sessionsOf(app).refresh(sessionOfUser(app, 'alice').id, { id: 'alice' }),
    ],
    [
      'refresh() with a later end',
      (app) => {
        const exp = Date.now() / secondMs + 10_000;
        return sessionsOf(app).refresh(sessionOfUser(app, 'alice').id, { id: 'alice', exp });
      },
    ],
    [
      'credentials, while the wall clock is set back',
      (_app, client) => {
        vi.setSystemTime(Date.now() - 300 * secondMs);
        return client.emit('authenticate', { token: 'a2' });
      },
    ],
  ];

  it.each(renewals)('K9c: is the longest life, whatever is sent: %s', async (_what, renew) => {
    useAllFakeClocks();
    await using app = await startProtected(
      { strategy: 'a', maxSessionAgeMs, heartbeatIntervalMs: 0, expiryWarningMs: 0 },
      strategies,
    );
    const client = await app.connect('/', { headers: { authorization: 'Bearer a1' } }).opened();
    const expiresAt = Date.now() + maxSessionAgeMs;
    for (let round = 0; round < 5; round += 1) {
      vi.advanceTimersByTime(100 * secondMs);
      await renew(app, client);
      const { data } = await client.nextEvent();
      // A wall clock that is set back names an earlier instant for the same end.
      expect((data as { expiresAt: number }).expiresAt).toBeLessThanOrEqual(expiresAt);
    }
    vi.advanceTimersByTime(100 * secondMs - 1);
    expect(await client.ask('echo', 1)).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it('K9c: may be shortened by a renewal', async () => {
    useFakeTimers();
    await using app = await startProtected({ strategy: 'a', maxSessionAgeMs }, strategies);
    const client = await app.connect('/', { headers: { authorization: 'Bearer a1' } }).opened();
    const exp = Math.floor(Date.now() / secondMs) + 60;
    sessionsOf(app).refresh(sessionOfUser(app, 'alice').id, { id: 'alice', exp });
    expect((await client.nextEvent()).data).toEqual({ expiresAt: exp * secondMs });
  });
});
