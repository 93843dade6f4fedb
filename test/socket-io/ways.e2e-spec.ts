import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  WsTickets,
} from '../../lib/index.js';
import { basicHeader, tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoApp } from './support/io-app.js';
import type { IoClientOptions } from './support/io-client.js';
import { ChatGateway, NewsGateway, RootGateway } from './support/io-gateways.js';

const token = tokenOf('alice');
const forged = `${token}x`;

const everyWay = {
  credentials: [
    fromAuthorizationHeader({ schemes: ['Bearer'] }),
    fromQueryParam('access_token'),
    fromCookie('session'),
    fromQueryParam('ticket', { strategy: 'ws-ticket' }),
    fromFirstMessage(),
  ],
  tickets: {},
} as const;

/** Ways of a credential, each with the options of the official client. */
const ways: readonly [string, (value: string, origin: string) => IoClientOptions][] = [
  ['fromAuthorizationHeader', (value) => ({ extraHeaders: { Authorization: `Bearer ${value}` } })],
  ['fromQueryParam', (value) => ({ query: { access_token: value } })],
  [
    'fromCookie',
    (value, origin) => ({ extraHeaders: { Cookie: `session=${value}`, Origin: origin } }),
  ],
  ['fromFirstMessage', (value) => ({ auth: { token: value } })],
];

describe.each(ioTransports)('1: a credential, by %s', (transport) => {
  let app: IoApp;
  beforeAll(async () => {
    app = await startIo(everyWay, [RootGateway, ChatGateway, NewsGateway]);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each(ways)('%s: a good credential is a session', async (extractor, optionsOf) => {
    const client = await app.open(transport, optionsOf(token, app.url)).connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({
      user: 'alice',
      same: true,
      property: 'alice',
      data: 'alice',
      extractor,
      transport: 'socket.io',
    });
  });

  it.each(ways)('%s: a forged one is refused at CONNECT, with data', async (_name, optionsOf) => {
    // A cookie that is refused counts as none where a payload may follow.
    const code = expect.stringMatching(/^ERR_WS_AUTH_CREDENTIAL_RE(JECTED|QUIRED)$/) as unknown;
    const client = app.open(transport, optionsOf(forged, app.url));
    await expect(client.refused()).resolves.toMatchObject({ data: { code: 3000, error: code } });
    expect(client.socket.active).toBe(false);
  });

  it('asks for a credential that is missing', async () => {
    const client = app.open(transport);
    await expect(client.refused()).resolves.toEqual({
      message: 'credential required',
      data: { code: 3000, reason: 'credential required', error: 'ERR_WS_AUTH_CREDENTIAL_REQUIRED' },
    });
  });

  it('a ticket in the query is used once, though every poll repeats it', async () => {
    const { ticket } = await app.nest.get(WsTickets).issue({ id: 'alice' });
    const client = await app.open(transport, { query: { ticket } }).connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({ user: 'alice' });
    await client.ask('echo', 1);
    const second = app.open(transport, { query: { ticket } });
    await expect(second.refused()).resolves.toMatchObject({ data: { code: 3000 } });
  });

  it('a page of another origin is refused with its cookie', async () => {
    const client = app.open(transport, {
      extraHeaders: { Cookie: `session=${token}`, Origin: 'http://evil.test' },
    });
    await expect(client.refused()).resolves.toMatchObject({
      data: { code: 3003, reason: 'origin refused' },
    });
  });

  it('a token in the header and in the payload is one credential', async () => {
    const client = await app
      .open(transport, { auth: { token }, extraHeaders: { Authorization: `Bearer ${token}` } })
      .connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({
      extractor: 'fromAuthorizationHeader',
    });
  });

  it('the payload of another user than that of the header is refused', async () => {
    const client = app.open(transport, {
      auth: { token: tokenOf('bob') },
      extraHeaders: { Authorization: `Bearer ${token}` },
    });
    await expect(client.refused()).resolves.toMatchObject({
      data: { code: 3003, error: 'ERR_WS_AUTH_OTHER_USER' },
    });
  });

  it('the payload counts, and not the cookie that a browser attaches', async () => {
    const client = await app
      .open(transport, {
        auth: { token: tokenOf('bob') },
        extraHeaders: { Cookie: `session=${token}`, Origin: app.url },
      })
      .connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({
      user: 'bob',
      extractor: 'fromFirstMessage',
    });
  });

  it('three namespaces of a connection share one session', async () => {
    const client = await app.open(transport, { auth: { token } }).connected();
    const chat = await app.also(client, '/chat', { token }).connected();
    const news = await app.also(client, '/news', {}).connected();
    const asked = await Promise.all([client, chat, news].map((each) => each.ask('whoami')));
    const ids = asked.map((each) => (each as { readonly id: string }).id);
    expect(new Set(ids).size).toBe(1);
    expect(app.sessions.get(ids[0]!)).toBeDefined();
  });

  it('another user in another namespace of a connection is refused there', async () => {
    const client = await app.open(transport, { auth: { token } }).connected();
    const chat = app.also(client, '/chat', { token: tokenOf('bob') });
    await expect(chat.refused()).resolves.toMatchObject({
      data: { code: 3003, error: 'ERR_WS_AUTH_OTHER_USER' },
    });
    await expect(client.ask('whoami')).resolves.toMatchObject({ user: 'alice' });
  });

  it('hides credentials from the handshake that handlers see', async () => {
    const gateway = app.nest.get(RootGateway);
    const auth = { token, room: 'lobby', nested: { apiKey: 'SECRET', page: 3 } };
    const client = await app
      .open(transport, {
        auth,
        query: { color: 'red' },
        extraHeaders: { 'X-Page': '1' },
      })
      .connected();
    const socket = gateway.connected.find(({ id }) => id === client.socket.id)!;
    expect(socket.handshake.auth).toEqual({
      token: 'REDACTED',
      room: 'lobby',
      nested: { apiKey: 'REDACTED', page: 3 },
    });
    expect(socket.handshake.query).toMatchObject({ color: 'red' });
    const byQuery = await app.open(transport, { query: { access_token: token } }).connected();
    const other = gateway.connected.find(({ id }) => id === byQuery.socket.id)!;
    expect(other.handshake.query).toMatchObject({ access_token: 'REDACTED' });
    const byHeader = await app
      .open(transport, { extraHeaders: { Authorization: `Bearer ${token}` } })
      .connected();
    const third = gateway.connected.find(({ id }) => id === byHeader.socket.id)!;
    const seen = JSON.stringify([socket, other, third].map(({ handshake }) => handshake));
    expect(seen).not.toContain(token);
    expect(
      [socket, other, third].map(({ request }) => [request.url, request.rawHeaders]).join(),
    ).not.toContain(token);
  });

  it('leaves no slot behind', async () => {
    await expect.poll(() => app.pending).toBe(0);
  });
});

describe.each(ioTransports)('what a browser attaches by itself, by %s', (transport) => {
  const proxy = basicHeader('staging', 'secret');
  const stale = `session=${tokenOf('alice', { exp: 1 })}`;

  it.each<[string, Record<string, string>]>([
    ['a stale cookie', { Cookie: stale }],
    ['the Basic of a proxy', { Authorization: proxy }],
    ['both', { Authorization: proxy, Cookie: stale }],
  ])('K13a: does not keep the token of the auth payload out: %s', async (_what, headers) => {
    await using app = await startIo(everyWay, [RootGateway]);
    const extraHeaders = { ...headers, Origin: app.url };
    const client = await app.open(transport, { extraHeaders, auth: { token } }).connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({ extractor: 'fromFirstMessage' });
  });

  it('K13a: the Basic of a proxy does not hide a valid cookie', async () => {
    await using app = await startIo(everyWay, [RootGateway]);
    const headers = { Authorization: proxy, Cookie: `session=${token}`, Origin: app.url };
    const client = await app.open(transport, { extraHeaders: headers }).connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({ extractor: 'fromCookie' });
  });
});
