import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { Logger } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { WebSocketGateway } from '@nestjs/websockets';
import jwt from 'jsonwebtoken';
import { Strategy } from 'passport-custom';
import { Server as IoServer } from 'socket.io';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  WsAuth,
  WsAuthEvents,
  WsAuthModule,
  type WsAuthEventMap,
} from '../../../lib/index.js';
import { fixOf } from '../../../lib/protocol/refusal-fix.js';
import { socketIo } from '../../../lib/socket-io.js';
import { freePort, startApp, type TestApp } from '../../support/app.js';
import type { ConnectOptions, TestClient } from '../../support/client.js';
import { EchoGateway } from '../../support/gateways.js';
import { ask } from '../../support/http.js';
import { patient } from '../../support/patience.js';
import { JwtStrategy } from '../../support/strategies.js';
import { secret, tokenOf } from '../../support/tokens.js';

type Refused = WsAuthEventMap['refused'];

/** A strategy whose `validate()` has a mistake. */
class WrongStrategy extends PassportStrategy(Strategy, 'wrong') {
  validate({ query }: { readonly query: Record<string, string> }): unknown {
    if (query['as'] === 'throws') {
      throw new TypeError('cannot read properties of undefined');
    }
    return true;
  }
}

const good = tokenOf('alice');
const header = (authorization: string) => ({ headers: { authorization } });
const first = (message: unknown) => (app: TestApp, options?: ConnectOptions) => {
  const client = app.connect('/', options);
  void client
    .opened()
    .then(() => client.sendRaw(typeof message === 'string' ? message : JSON.stringify(message)));
  return client;
};
const wrong = (as: string) => (app: TestApp) => app.connect(`/?wrong=x&as=${as}`);
const sign = (claims: object, key = secret, options: jwt.SignOptions = {}) =>
  jwt.sign(claims, key, options);

/** What a client does wrong, how the developer finds out, and the code that the page about troubleshooting explains. */
type Row = readonly [
  what: string,
  connect: (app: TestApp) => TestClient,
  code: string,
  diagnosis: object,
];

const malformed = 'ERR_WS_AUTH_MALFORMED_CREDENTIAL';
const required = 'ERR_WS_AUTH_CREDENTIAL_REQUIRED';
const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
const query = (token: string) => (app: TestApp) =>
  app.connect(`/?token=${encodeURIComponent(token)}`);
const strategies = (answer: string, name = 'jwt') => ({ strategies: [{ strategy: name, answer }] });

const accepted = (check: string) => ({
  strategies: [{ strategy: 'wrong', answer: 'accepted', check }],
});

// Each way to misspell a token or a message is in `test/unit/credentials/credential-checks.spec.ts`.
const rows: readonly Row[] = [
  [
    'sends the token without Bearer',
    (app) => app.connect('/machines', header(good)),
    required,
    { check: 'scheme' },
  ],
  ['sends Bearer in the query', query(`Bearer ${good}`), malformed, { check: 'token-scheme' }],
  ['sends undefined', query('undefined'), rejected, { extractor: 'fromQueryParam' }],
  [
    'sends the parameter twice',
    (app) => app.connect(`/?token=${good}&token=${good}`),
    malformed,
    { check: 'token-repeated' },
  ],
  [
    'sends the token in two places',
    (app) => app.connect(`/?token=${good}`, header(`Bearer ${good}`)),
    'ERR_WS_AUTH_SEVERAL_CREDENTIALS',
    { check: 'several-credentials' },
  ],
  [
    'offers the token as its only subprotocol',
    (app) => app.connect('/', { protocols: [`bearer.${good}`] }),
    malformed,
    { check: 'subprotocol-alone' },
  ],
  [
    'sends a cookie from a page of another origin',
    (app) =>
      app.connect('/', {
        origin: 'https://evil.example.com',
        headers: { cookie: `token=${good}` },
      }),
    'ERR_WS_AUTH_ORIGIN_REFUSED',
    { check: 'origin' },
  ],
  [
    'sends the token by another parameter, where a message may follow',
    (app) => app.connect(`/?access_token=${good}`),
    'ERR_WS_AUTH_TIMEOUT',
    { check: 'first-message-deadline', unread: ['?access_token'] },
  ],
  [
    'sends another scheme and a message of its own',
    (app) => first({ event: 'hello' })(app, header(`Token ${good}`)),
    required,
    { check: 'event', unread: ['authorization'] },
  ],
  [
    'sends the token in the query',
    (app) => app.connect(`/machines?jwt=${good}`),
    required,
    { check: 'no-credential', unread: ['?jwt'] },
  ],
  [
    'sends the token in a cookie',
    (app) => app.connect('/machines', { headers: { cookie: `jwt=${good}; theme=dark` } }),
    required,
    { check: 'no-credential', unread: ['cookie:jwt', 'cookie:theme'] },
  ],
  [
    'sends the token as a subprotocol',
    (app) => app.connect('/machines', { protocols: ['chat', `bearer.${good}`] }),
    required,
    { check: 'no-credential', unread: ['sec-websocket-protocol'] },
  ],
  [
    'connects to another path',
    (app) => app.connect('/chat'),
    'ERR_WS_AUTH_UNKNOWN_PATH',
    { check: 'path', paths: ['/', '/machines'] },
  ],
  [
    'connects with Socket.IO',
    (app) => app.connect('/socket.io/?EIO=4&transport=websocket'),
    'ERR_WS_AUTH_UNKNOWN_PATH',
    { check: 'path' },
  ],
  [
    'sends a token of another secret',
    query(sign({ sub: 'alice' }, 'another secret' as never)),
    rejected,
    {
      strategies: [{ strategy: 'jwt', answer: 'JsonWebTokenError', fault: 'signature' }],
    },
  ],
  [
    'sends a token of another algorithm',
    query(sign({ sub: 'alice' }, secret, { algorithm: 'HS512' })),
    rejected,
    { strategies: [{ strategy: 'jwt', answer: 'JsonWebTokenError', fault: 'algorithm' }] },
  ],
  [
    'sends the token in a header field of its own',
    (app) => app.connect('/machines', { headers: { 'x-access-token': good } }),
    required,
    { check: 'no-credential', unread: ['x-access-token'] },
  ],
  [
    'sends another event first',
    first({ event: 'hello', data: 1 }),
    required,
    { check: 'event', fields: ['event', 'data'] },
  ],
  [
    'sends a first message that is too large',
    first({ event: 'authenticate', data: { token: 'x'.repeat(20_000) } }),
    'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
    { check: 'size' },
  ],
  ['sends the token as text', first(good), required, { check: 'json' }],
  [
    'sends the token beside data',
    first({ event: 'authenticate', token: good }),
    malformed,
    { check: 'data', fields: ['event', 'token'] },
  ],
  [
    'sends accessToken',
    first({ event: 'authenticate', data: { accessToken: good } }),
    rejected,
    { fields: ['accessToken'] },
  ],
  ['meets validate() that returns true', wrong('true'), rejected, accepted('no-object')],
  [
    'meets validate() that throws',
    wrong('throws'),
    'ERR_WS_AUTH_STRATEGY_FAILED',
    strategies('TypeError', 'wrong'),
  ],
];

@WsAuth({ credentials: [fromAuthorizationHeader()] })
@WebSocketGateway({ path: '/machines' })
class MachinesGateway {}

describe('a client that', () => {
  let app: TestApp;
  beforeAll(async () => {
    vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    const credentials = [
      fromAuthorizationHeader({ schemes: ['Bearer'] }),
      fromQueryParam('token'),
      fromQueryParam('wrong', { strategy: 'wrong' }),
      fromCookie('token'),
      fromSubprotocol(),
      fromFirstMessage(),
    ];
    app = await startApp({
      imports: [
        WsAuthModule.forRoot({ strategy: 'jwt', credentials, authTimeoutMs: patient(1_000) }),
      ],
      providers: [JwtStrategy, WrongStrategy, EchoGateway, MachinesGateway],
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each(rows)(
    'K8g: %s is refused with the reason for the developer',
    async (_what, connect, code, diagnosis) => {
      const refused = new Promise<Refused>((resolve) => {
        const stop = app.nest.get(WsAuthEvents).on('refused', (event) => {
          stop();
          resolve(event);
        });
      });
      const client = connect(app);
      client.refusal().catch(() => undefined);
      const { code: actual, diagnosis: found } = await refused;
      expect({ code: actual, diagnosis: found }).toMatchObject({ code, diagnosis });
      expect(JSON.stringify(found)).not.toContain(good);
      // The error of a strategy is logged with its stack instead.
      const isFixed = code === 'ERR_WS_AUTH_STRATEGY_FAILED' || fixOf(found) !== undefined;
      expect([isFixed, found]).toEqual([true, found]);
    },
  );
});

describe('a client that comes to the wrong server', () => {
  const upgrade = (port: number, url = '/chat') =>
    request({ port, path: url, headers: { connection: 'Upgrade', upgrade: 'websocket', ...key } });
  const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
  const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];

  it('K8: is named the port of the gateways, once, where the application has none', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const gateway = class OwnPortGateway {};
    const port = await freePort();
    WebSocketGateway(port, { path: '/chat' })(gateway);
    await using app = await startApp({ imports, providers: [JwtStrategy, gateway] });
    for (let times = 0; times < 2; times += 1) {
      const asked = upgrade(app.port).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      expect(answer.resume().statusCode).toBe(404);
    }
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(`which has no gateway: connect to :${port}/chat, or leave the port`)],
    ]);
    warn.mockRestore();
  });

  it('K8: is named what to connect with, if the gateways speak Socket.IO', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const gateway = class IoGateway {};
    WebSocketGateway({ destroyUpgradeTimeout: 10 })(gateway);
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo() })],
      providers: [JwtStrategy, gateway],
    });
    for (let times = 0; times < 2; times += 1) {
      await once(upgrade(app.port).end(), 'error');
    }
    await vi.waitFor(() => expect(warn).toHaveBeenCalled());
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/the gateways speak Socket\.IO: connect with io\(url\)/)],
    ]);
    warn.mockRestore();
  });

  it('K8g: is named the transports, if the gateways have polling only', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const gateway = class PollingGateway {};
    WebSocketGateway({ transports: ['polling'] })(gateway);
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo() })],
      providers: [JwtStrategy, gateway],
    });
    const asked = upgrade(app.port, '/socket.io/?EIO=4&transport=websocket').end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(answer.resume().statusCode).toBe(400);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/the gateways have polling only: list 'websocket' in transports/)],
    ]);
    warn.mockRestore();
  });

  it('K8g: is named no transports, if there is no gateway', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    await using app = await startApp({ imports, providers: [JwtStrategy] });
    warn.mockClear();
    const asked = upgrade(app.port).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(answer.resume().statusCode).toBe(404);
    expect(warn.mock.calls).toEqual([]);
    warn.mockRestore();
  });

  it('K8: is named the paths, if a server of Socket.IO beside them closes it first', async () => {
    await using app = await startApp({ imports, providers: [JwtStrategy, EchoGateway] });
    const other = new IoServer(app.nest.getHttpServer(), { destroyUpgradeTimeout: 10 });
    const refused = new Promise<Refused>((resolve) =>
      app.nest.get(WsAuthEvents).on('refused', resolve),
    );
    await once(upgrade(app.port).end(), 'error');
    expect(await refused).toMatchObject({ path: '/chat', diagnosis: { check: 'path' } });
    await other.close();
  });

  it('K8: is named what to connect with, if it is of Socket.IO', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    await using app = await startApp({ imports, providers: [JwtStrategy, EchoGateway] });
    const url = `http://127.0.0.1:${app.port}/socket.io/?EIO=4&transport=polling&t=a`;
    expect(await ask(url)).toMatchObject({ status: 404 });
    expect(await ask(url)).toMatchObject({ status: 404 });
    expect(await ask(`http://127.0.0.1:${app.port}/socket.io/?page=EIO`)).toMatchObject({
      status: 404,
    });
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/client of Socket\.IO has come, .* connect with new WebSocket/)],
    ]);
    warn.mockRestore();
  });
});

describe('a proxy that drops Upgrade', () => {
  it('K8g: is named once, whatever the application answers', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, EchoGateway],
    });
    const url = `http://127.0.0.1:${app.port}/`;
    await ask(url);
    expect(warn).not.toHaveBeenCalled();
    const headers = {
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    };
    expect(await ask(url, { headers })).toMatchObject({ status: 404 });
    expect(await ask(url, { headers })).toMatchObject({ status: 404 });
    expect(warn.mock.calls).toEqual([[expect.stringContaining('has dropped "Upgrade"')]]);
    warn.mockRestore();
  });
});
