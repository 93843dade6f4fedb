import { WebSocketGateway } from '@nestjs/websockets';
import type { LoggerService } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  fromCookie,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  WsAuth,
  WsAuthEvents,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startGateways, startProtected, type TestApp } from '../support/app.js';
import type { ConnectOptions } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { customStrategy, HttpBasicStrategy } from '../support/strategies.js';
import { basicHeader, tokenOf } from '../support/tokens.js';

const origin = 'https://app.example.com';
const fromPage = { headers: { origin } };
const expired = () => tokenOf('alice', { exp: Math.floor(Date.now() / 1_000) - 1 });

/** A page that is refused, and what a page and a machine see of it. */
type RefusedPage = readonly [
  what: string,
  options: WsAuthModuleOptions,
  path: () => string,
  status: number,
  code: number,
  reason: string,
];

const query = [fromQueryParam('token')];
const failing = customStrategy('failing', () => {
  throw new Error('the database is on fire');
});
const hanging = customStrategy('hanging', () => new Promise(() => undefined));

const hangs = { strategy: 'hanging', authTimeoutMs: 20 };
const at = (token: string) => () => `/?token=${token}`;
const isExpired = () => at(expired())();

const refusedPages: readonly RefusedPage[] = [
  ['no credential', {}, () => '/', 401, 3000, 'credential required'],
  ['a rejected credential', {}, at('unknown'), 401, 3000, 'credential rejected'],
  ['an expired credential', {}, isExpired, 401, 3000, 'credential rejected'],
  ['two credentials', {}, at('a&token=b'), 400, 3000, 'malformed credential'],
  ['a large credential', { maxCredentialBytes: 16 }, isExpired, 400, 1009, 'credential too large'],
  ['a strategy that throws', { strategy: 'failing' }, at('x'), 500, 1011, 'authentication failed'],
  ['a strategy that hangs', hangs, at('x'), 503, 1013, 'authentication unavailable'],
];

function startWith(options: WsAuthModuleOptions, logger?: LoggerService): Promise<TestApp> {
  return startProtected(options, [failing, hanging, HttpBasicStrategy], logger && { logger });
}

describe.each(refusedPages)('%s', (_what, own, path, status, code, reason) => {
  const options = { credentials: query, ...own };

  it("closes a page's connection, and answers a machine by HTTP, with `auto`", async () => {
    await using app = await startWith({ ...options, rejection: 'auto' });
    const page = await app.connect(path(), fromPage).opened();
    expect(await page.closed()).toEqual({ code, reason });
    expect(await app.connect(path()).refusal()).toMatchObject({ status, body: `${reason}\n` });
  });

  it('is answered by the status for a page by default', async () => {
    await using app = await startWith(options);
    expect(await app.connect(path(), fromPage).refusal()).toMatchObject({ status });
  });

  it("closes a machine's connection, too, with `close`", async () => {
    await using app = await startWith({ ...options, rejection: 'close' });
    const client = await app.connect(path()).opened();
    expect(await client.closed()).toEqual({ code, reason });
  });
});

const ignore = () => undefined;

/** The code with which a page is closed. */
async function closed(app: TestApp, path: string, options: ConnectOptions = fromPage) {
  return (await app.connect(path, options).opened()).closed();
}

describe('a refused page, with `auto`', () => {
  it('of another origin is closed with 3003', async () => {
    await using app = await startProtected({
      credentials: [fromCookie('token')],
      rejection: 'auto',
    });
    const headers = { origin, cookie: `token=${tokenOf('alice')}` };
    expect(await closed(app, '/', { headers })).toEqual({ code: 3003, reason: 'origin refused' });
  });

  it('with one session too many is closed with 1013', async () => {
    const limit = { maxSessionsPerUser: 1, credentials: query, rejection: 'auto' } as const;
    await using app = await startProtected(limit);
    const path = `/?token=${tokenOf('alice')}`;
    const first = await app.connect(path, fromPage).opened();
    expect(await first.ask('whoami')).toEqual({ user: 'alice', via: 'fromQueryParam' });
    expect(await closed(app, path)).toEqual({ code: 1013, reason: 'too many sessions' });
    expect(await first.ask('whoami')).toEqual({ user: 'alice', via: 'fromQueryParam' });
  });

  it('that failed too often is closed with 1013', async () => {
    const failedAttempts = { perAddress: { points: 2, windowMs: 60_000 } };
    await using app = await startProtected({
      credentials: query,
      failedAttempts,
      rejection: 'auto',
    });
    const codes = [];
    for (const path of ['/?token=a', '/?token=b', `/?token=${tokenOf('alice')}`]) {
      codes.push((await closed(app, path)).code);
    }
    expect(codes).toEqual([3000, 3000, 1013]);
  });

  it('is closed with the codes of `closeCodes`', async () => {
    const closeCodes = { unauthorized: 4401 };
    await using app = await startProtected({ credentials: query, closeCodes, rejection: 'auto' });
    expect((await closed(app, '/')).code).toBe(4401);
  });

  it('is answered a subprotocol that it offered, and never the one with the token', async () => {
    await using app = await startProtected({ credentials: [fromSubprotocol()], rejection: 'auto' });
    const protocols = ['bearer.nobody', 'chat', 'superchat'];
    const client = await app.connect('/', { ...fromPage, protocols }).opened();
    expect(client.socket.protocol).toBe('chat');
    expect(await client.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
  });

  it('is answered the subprotocol that the gateway chooses', async () => {
    const options = { handleProtocols: () => 'superchat' };
    @WebSocketGateway({ path: '/choosy', ...options })
    class ChoosyGateway extends EchoGateway {}
    await using app = await startProtected({ credentials: query, rejection: 'auto' }, [
      ChoosyGateway,
    ]);
    const protocols = ['chat', 'superchat'];
    const client = await app.connect('/choosy', { ...fromPage, protocols }).opened();
    expect(client.socket.protocol).toBe('superchat');
    expect((await client.closed()).code).toBe(3000);
  });

  it('with a wrong password of HTTP Basic gets the 401 that makes its browser forget it', async () => {
    await using app = await startWith({
      strategy: 'basic',
      allowedOrigins: [origin],
      rejection: 'auto',
    });
    const headers = { origin, authorization: basicHeader('alice', 'old') };
    expect(await app.connect('/', { headers }).refusal()).toMatchObject({ status: 401 });
    const right = { origin, authorization: basicHeader('alice', 'secret of alice') };
    const client = await app.connect('/', { headers: right }).opened();
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });
});

describe('with `auto`', () => {
  it('the default credentials work: a page may wait, and a machine gets its status', async () => {
    await using app = await startProtected({ rejection: 'auto' });
    const page = await app.connect('/', fromPage).opened();
    page.emit('authenticate', { token: tokenOf('alice') });
    expect(await page.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await page.ask('whoami')).toEqual({ user: 'alice', via: 'fromFirstMessage' });
    const headers = { authorization: 'Bearer nobody' };
    expect((await app.connect('/', { headers }).refusal()).status).toBe(401);
    expect((await closed(app, '/', { headers: { ...headers, origin } })).code).toBe(3000);
  });

  it('accepts a good credential', async () => {
    await using app = await startProtected({ credentials: query, rejection: 'auto' });
    const client = await app.connect(`/?token=${tokenOf('alice')}`, fromPage).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromQueryParam' });
  });

  it('a refusal is one event and one line of the log, as ever', async () => {
    const lines: string[] = [];
    const debug = (message: string) => void lines.push(message);
    const logger = { log: ignore, error: ignore, warn: ignore, debug };
    await using app = await startWith({ credentials: query, rejection: 'auto' }, logger);
    const events: unknown[] = [];
    app.nest.get(WsAuthEvents).on('refused', (event) => events.push(event));
    await closed(app, '/?token=nobody');
    const code = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
    const strategies = [{ strategy: 'jwt', answer: 'JsonWebTokenError', fault: 'no-jwt' }];
    const diagnosis = { extractor: 'fromQueryParam', strategies };
    const from = { path: '/', address: '127.0.0.1', phase: 'handshake' };
    expect(events).toEqual([{ code, ...from, diagnosis }]);
    const refused = lines.filter((line) => line.startsWith('refused'));
    expect(refused).toEqual([
      expect.stringContaining(`refused ${code} phase=handshake path=/ address=127.0.0.1`),
    ]);
  });
});

describe('@WsAuth()', () => {
  it('sets `rejection` for one gateway', async () => {
    @WsAuth({ rejection: 'close' })
    @WebSocketGateway({ path: '/closes' })
    class ClosingGateway extends EchoGateway {}
    await using app = await startProtected({ credentials: query }, [ClosingGateway]);
    expect((await app.connect('/', fromPage).refusal()).status).toBe(401);
    expect((await closed(app, '/closes')).code).toBe(3000);
  });

  it('asks for Basic by HTTP with `auto`, where that is what browsers wait for', async () => {
    @WsAuth({ credentials: [fromUserInfo()] })
    @WebSocketGateway({ path: '/user-info' })
    class UserInfoGateway extends EchoGateway {}
    await using app = await startProtected({ rejection: 'auto' }, [UserInfoGateway]);
    const refusal = await app.connect('/user-info', fromPage).refusal();
    expect(refusal.challenges).toEqual(['Basic realm="Users", charset="UTF-8"']);
  });
});

it('a server that tracks no clients itself closes refused pages as well', async () => {
  @WebSocketGateway({ path: '/untracked', clientTracking: false } as object)
  class UntrackedGateway extends EchoGateway {}
  await using app = await startGateways({ credentials: query, rejection: 'auto' }, [
    UntrackedGateway,
  ]);
  expect((await closed(app, '/untracked')).code).toBe(3000);
  expect(app.nest.get(UntrackedGateway).connected).toEqual([]);
});
