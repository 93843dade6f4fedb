import { PassportModule } from '@nestjs/passport';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromCookie,
  fromFirstMessage,
  WsAuth,
  WsAuthEvents,
  WsAuthModule,
  WsAuthSessions,
  WsTickets,
} from '../../lib/index.js';
import { startApp, startProtected, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { HttpBasicStrategy, JwtStrategy } from '../support/strategies.js';
import { basicHeader, tokenOf } from '../support/tokens.js';
import { SocketsModule } from './snippets/behind-a-proxy.js';
import { ChatGateway as BridgedGateway } from './snippets/cookie-bridge.js';
import { ChatGateway as EveryWayGateway } from './snippets/every-way.js';
import { fromAppSync } from './snippets/own-extractor.js';
import { ChatModule } from './snippets/tickets.js';

const page = 'https://app.example.com';
const bearer = (token = tokenOf('alice')) => ({ authorization: `Bearer ${token}` });
const protection = WsAuthModule.forRoot({ strategy: 'jwt' });

@WsAuth({ credentials: [fromFirstMessage(), fromCookie('token')] })
@WebSocketGateway({ path: '/rooms' })
class RoomsGateway {}

const startRooms = () =>
  startApp({ imports: [protection], providers: [JwtStrategy, RoomsGateway] });

const startEveryWay = () =>
  startApp({
    imports: [WsAuthModule.forRoot({ tickets: {} })],
    providers: [JwtStrategy, HttpBasicStrategy, EveryWayGateway],
  });
const ticketOf = async ({ nest }: TestApp) =>
  (await nest.get(WsTickets).issue({ id: 'alice' })).ticket;

/** As in the guide, the user states when its token was issued. */
class DatedJwtStrategy extends JwtStrategy {
  override validate({ sub, iat }: { readonly sub: string; readonly iat?: number }) {
    return { id: sub, iat };
  }
}
const startTickets = () =>
  startApp({ imports: [PassportModule, ChatModule], providers: [DatedJwtStrategy] });
const buy = (app: TestApp, headers: Record<string, string>, method = 'POST') =>
  ask(`${app.origin}/ws-tickets`, { method, headers });
const ticketIn = ({ body }: { readonly body: string }) =>
  (JSON.parse(body) as { ticket: string }).ticket;

describe('a gateway with the ways that README.md lists together', () => {
  it('takes a cookie from a page of its own origin, and from no other', async () => {
    await using app = await startRooms();
    const headers = { cookie: `token=${tokenOf('alice')}` };
    await app.connect('/rooms', { origin: app.origin, headers }).opened();
    const refusal = app.connect('/rooms', { origin: page, headers }).refusal();
    expect(await refusal).toMatchObject({ status: 403 });
  });

  it('refuses a client without a credential', async () => {
    await using app = await startRooms();
    const client = await app.connect('/rooms').opened();
    client.emit('hello');
    expect(await client.closed()).toEqual({ code: 3000, reason: 'credential required' });
  });
});

describe('the gateway of lib/guides/extractors.md', () => {
  it.each([
    [
      'jwt',
      'fromAuthorizationHeader',
      (app: TestApp) => app.connect('/chat', { headers: bearer() }),
    ],
    [
      'basic',
      'fromAuthorizationHeader',
      (app: TestApp) =>
        app.connect('/chat', {
          headers: { authorization: basicHeader('alice', 'secret of alice') },
        }),
    ],
    [
      'ws-ticket',
      'fromQueryParam',
      async (app: TestApp) => app.connect(`/chat?ticket=${await ticketOf(app)}`),
    ],
    [
      'jwt',
      'fromSubprotocol',
      (app: TestApp) => app.connect('/chat', { protocols: ['chat', `bearer.${tokenOf('alice')}`] }),
    ],
    [
      'jwt',
      'fromCookie',
      (app: TestApp) =>
        app.connect('/chat', {
          origin: app.origin,
          headers: { cookie: `__Host-token=${tokenOf('alice')}` },
        }),
    ],
  ])('authenticates with %s by %s', async (strategy, extractor, connect) => {
    await using app = await startEveryWay();
    const client = await (await connect(app)).opened();
    expect(await client.ask('whoami')).toEqual({ userId: 'alice', strategy, extractor });
  });

  it('authenticates by the first message, as its script sends it', async () => {
    await using app = await startEveryWay();
    const client = await app.connect('/chat').opened();
    client.sendRaw(JSON.stringify({ event: 'authenticate', data: { token: tokenOf('alice') } }));
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  });

  it('takes no long-lived token where it expects a ticket, and no password from a page', async () => {
    await using app = await startEveryWay();
    const inQuery = app.connect(`/chat?ticket=${tokenOf('alice')}`);
    expect(await inQuery.refusal()).toMatchObject({ status: 401 });
    const headers = { authorization: basicHeader('alice', 'secret of alice') };
    const fromPage = app.connect('/chat', { origin: page, headers });
    expect(await fromPage.refusal()).toMatchObject({ status: 403 });
  });
});

describe('the tickets of lib/guides/tickets.md', () => {
  it('are issued for a token, and accepted once', async () => {
    await using app = await startTickets();
    const answer = await buy(app, bearer());
    expect(answer).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store' } });
    const client = await app.connect(`/chat?ticket=${ticketIn(answer)}`).opened();
    expect(await client.ask('hello')).toBe('Hello alice!');
    const again = app.connect(`/chat?ticket=${ticketIn(answer)}`);
    expect(await again.refusal()).toMatchObject({ status: 401 });
  });

  it('are not given to strangers, nor to a GET', async () => {
    await using app = await startTickets();
    expect(await buy(app, {})).toMatchObject({ status: 401 });
    expect(await buy(app, bearer(), 'GET')).toMatchObject({ status: 404 });
  });

  it('are as old as the token they were bought with', async () => {
    await using app = await startTickets();
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    const ticket = ticketIn(await buy(app, bearer()));
    expect(await app.connect(`/chat?ticket=${ticket}`).refusal()).toMatchObject({ status: 401 });
  });
});

describe('the bridge of lib/guides/cookies-across-origins.md', () => {
  it('sets the cookie that the gateway takes, for the page that is listed', async () => {
    await using app = await startApp({
      imports: [protection],
      providers: [JwtStrategy, BridgedGateway],
    });
    const set = (origin: string) =>
      ask(`${app.origin}/chat/bridge`, {
        method: 'POST',
        headers: { origin, 'content-type': 'text/plain' },
        body: tokenOf('alice'),
      });
    const answer = await set(page);
    expect(answer.status).toBe(204);
    const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
    const client = await app.connect('/chat', { origin: page, headers: { cookie } }).opened();
    expect(await client.ask('hello')).toBe('Hello alice!');
    expect(await set('https://evil.example')).toMatchObject({ status: 403 });
  });
});

describe('the module of lib/guides/behind-a-proxy.md', () => {
  it('believes the proxy on this machine about the address of a client', async () => {
    await using app = await startApp({
      imports: [SocketsModule],
      providers: [JwtStrategy, EchoGateway],
    });
    const addresses: string[] = [];
    app.nest.get(WsAuthEvents).on('authenticated', ({ address }) => addresses.push(address));
    const headers = { ...bearer(), 'x-forwarded-for': '203.0.113.9' };
    await app.connect('/', { headers }).opened();
    expect(addresses).toEqual(['203.0.113.9']);
  });
});

const startAppSync = () => startProtected({ credentials: [fromAppSync(), fromFirstMessage()] });
const headerOf = (fields: unknown) =>
  `/?header=${Buffer.from(JSON.stringify(fields)).toString('base64url')}`;

describe('the extractor of an application in the guide', () => {
  it('finds a token, which is judged, redacted, and named by the session', async () => {
    await using app = await startAppSync();
    const client = app.connect(headerOf({ Authorization: tokenOf('alice') }));
    const answer = await (await client.opened()).ask('whoami');
    expect(answer).toEqual({ user: 'alice', via: 'fromAppSync' });
    const [seen] = app.nest.get(EchoGateway).connected;
    expect(seen?.request.url).toBe('/?header=REDACTED');
  });

  it.each([
    ['a malformed place', '/?header=e30', 400, 'malformed credential'],
    ['a token with a space', headerOf({ Authorization: 'a b' }), 400, 'malformed credential'],
    [
      'a token that is too large',
      headerOf({ Authorization: 'x'.repeat(9_000) }),
      400,
      'credential too large',
    ],
    ['a forged token', headerOf({ Authorization: 'forged' }), 401, 'credential rejected'],
  ])('refuses %s', async (_what, path, status, body) => {
    await using app = await startAppSync();
    const refusal = await app.connect(path).refusal();
    expect([refusal.status, refusal.body.trim()]).toEqual([status, body]);
  });

  it('leaves an empty place to the first message', async () => {
    await using app = await startAppSync();
    const client = await app.connect('/').opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  });
});
