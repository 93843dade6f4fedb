import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect } from 'node:http2';
import { Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import httpProxy from 'http-proxy';
import { Server as IoServer } from 'socket.io';
import { describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  protectUpgrades,
  sessionOf,
  userOf,
  WsAuthModule,
  WsTickets,
  type ProtectUpgradesOptions,
} from '../../../lib/index.js';
import { bootError, startApp } from '../../support/app.js';
import { sessionsOf, tokenFor } from '../../support/connections.js';
import { DeferredStrategy } from '../../support/deferred-strategy.js';
import { recordEvents } from '../../support/events.js';
import { handshakeOf } from '../../support/invariants.js';
import { patient } from '../../support/patience.js';
import { RawPeer } from '../../support/raw-peer.js';
import { JwtStrategy } from '../../support/strategies.js';
import { bearer, tokenOf } from '../../support/tokens.js';
import { startOther } from './other-server.js';

const everyPlace = [
  fromAuthorizationHeader(),
  fromQueryParam('token'),
  fromCookie('session'),
  fromSubprotocol(),
  fromSubprotocol({ after: 'token' }),
];

describe('an upgrade of another server', () => {
  it('is refused before the other server sees it', async () => {
    const { app, other } = await startOther();
    await using _app = app;
    const none = await app.connect('/other').refusal();
    expect([none.status, none.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('Bearer'),
    ]);
    expect((await app.connect('/other', bearer('forged')).refusal()).status).toBe(401);
    expect(other.requests).toEqual([]);
  });

  it('reaches the other server with its session, which its hooks find by the request', async () => {
    const { app, other } = await startOther();
    await using _app = app;
    const client = await app.connect('/other/room?x=1', bearer()).opened();
    expect(await client.ask('echo')).toMatchObject({ user: 'alice' });
    const [request] = other.requests;
    expect(userOf(request!)).toEqual({ id: 'alice' });
    expect(request).toMatchObject({ url: '/other/room?x=1', user: { id: 'alice' } });
    expect(sessionOf(request!)).toMatchObject({ transport: 'ws', userId: 'alice' });
    expect(sessionsOf(app).ofUser('alice')).toHaveLength(1);
  });

  it.each([
    ['header', '', (token: string) => ({ headers: { authorization: `Bearer ${token}` } })],
    ['query', (token: string) => `?token=${token}`, () => ({})],
    [
      'cookie',
      '',
      (token: string, origin: string) => ({ headers: { cookie: `a=b; session=${token}` }, origin }),
    ],
    ['subprotocol', '', (token: string) => ({ protocols: [`bearer.${token}`, 'chat'] })],
    ['two subprotocols (K8f)', '', (token: string) => ({ protocols: ['token', token] })],
  ])('authenticates by %s and holds no credential afterwards', async (_way, query, options) => {
    const { app, other } = await startOther({ credentials: everyPlace });
    await using _app = app;
    const token = tokenOf('alice');
    const path = `/other${typeof query === 'string' ? query : query(token)}`;
    const client = await app.connect(path, options(token, app.origin)).opened();
    expect(await client.ask('echo')).toMatchObject({ user: 'alice' });
    const { headers, rawHeaders, headersDistinct, url } = other.requests[0]!;
    const seen = JSON.stringify([headers, rawHeaders, headersDistinct, url]);
    expect(seen).not.toContain(token);
    expect(seen).not.toContain(token.split('.')[2]);
  });

  it('answers a subprotocol that the client has offered, beside the one with the token', async () => {
    const { app } = await startOther({ credentials: [fromSubprotocol()] });
    await using _app = app;
    const protocols = [`bearer.${tokenOf('alice')}`, 'chat', 'more'];
    const client = await app.connect('/other', { protocols }).opened();
    expect(client.socket.protocol).toBe('chat');
  });

  it('takes a ticket once', async () => {
    const { app } = await startOther(
      { credentials: [fromQueryParam('ticket', { strategy: 'ws-ticket' })] },
      { tickets: {} },
    );
    await using _app = app;
    const { ticket } = await app.nest.get(WsTickets).issue({ id: 'alice' });
    await app.connect(`/other?ticket=${ticket}`).opened();
    expect((await app.connect(`/other?ticket=${ticket}`).refusal()).status).toBe(401);
  });

  it.each(['/OTHER', '/%6fther', '/x/../other', '/other2', 'http://x/other', '//x/other'])(
    'is authenticated whichever spelling a server may read as its path: %s',
    async (target) => {
      const { app, other } = await startOther();
      await using _app = app;
      await using peer = new RawPeer(app.port);
      peer.write(
        `GET ${target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      expect([400, 401]).toContain((await peer.response()).status);
      expect(other.requests).toEqual([]);
    },
  );

  it('checks the origin of ambient credentials', async () => {
    const { app } = await startOther({ credentials: [fromCookie('session')] });
    await using _app = app;
    const headers = { cookie: `session=${tokenOf('alice')}` };
    const foreign = await app.connect('/other', { headers, origin: 'http://evil.test' }).refusal();
    expect(foreign.status).toBe(403);
  });

  it('leaves upgrades of other paths to their listeners, untouched', async () => {
    const { app, other } = await startOther();
    await using _app = app;
    const peer = app.connect('/elsewhere?token=x', bearer('mine'));
    await once(app.nest.getHttpServer(), 'upgrade');
    expect(other.requests[0]).toMatchObject({
      url: '/elsewhere?token=x',
      headers: { authorization: 'Bearer mine' },
    });
    peer.socket.terminate();
  });

  it.each(['/other/../guests', '/other/%2e%2e/guests', '/other/..%2fguests'])(
    'K8f: is refused where servers of two policies may read it as theirs: %s',
    async (target) => {
      const guests = protectUpgrades({ path: '/guests', optional: true });
      const { app, other } = await startOther(
        {},
        { upgrades: [protectUpgrades({ path: '/other' }), guests] },
      );
      await using _app = app;
      await using peer = new RawPeer(app.port).write(handshakeOf({ target }, app.port));
      expect((await peer.response()).status).toBe(404);
      expect(other.requests).toEqual([]);
    },
  );

  it('answers 404 where no server listens', async () => {
    const upgrades = [protectUpgrades({ path: '/other' })];
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt', upgrades })];
    await using app = await startApp({ imports, providers: [JwtStrategy] });
    expect((await app.connect('/other', bearer()).refusal()).status).toBe(404);
    expect((await app.connect('/other').refusal()).status).toBe(401);
    expect((await app.connect('/elsewhere').refusal()).status).toBe(404);
    await expect.poll(() => sessionsOf(app).count()).toBe(0);
  });
});

describe('the session of another server', () => {
  it('ends with its token: the socket is destroyed, in both directions, also while the loop is blocked', async () => {
    const { app, other } = await startOther();
    await using _app = app;
    const token = tokenFor('alice', patient(400));
    const client = await app.connect('/other', bearer(token)).opened();
    await client.ask('echo');
    const events = recordEvents(app);
    const received: string[] = [];
    client.socket.on('message', (data: Buffer) => received.push(data.toString()));
    client.emit('late');
    const { expiresAt } = sessionOf(other.requests[0]!)!;
    while (Date.now() <= expiresAt!) {
      // Blocked past the end of the session.
    }
    other.clients[0]!.send(JSON.stringify({ event: 'secret' }));
    expect(await client.closed()).toMatchObject({ code: 1006 });
    expect(received).toEqual([]);
    expect(other.messages.join()).not.toContain('late');
    expect(events.map(([name]) => name)).toEqual(['expired', 'disconnected']);
  });

  it.each([
    ['a revocation', 'revoke', { userId: 'alice' }],
    ['the application', 'disconnect', { userId: 'alice' }],
  ] as const)('is ended by %s', async (_by, method, target) => {
    const { app } = await startOther();
    await using _app = app;
    const token = tokenOf('alice');
    const client = await app.connect('/other', bearer(token)).opened();
    await sessionsOf(app)[method](target);
    expect(await client.closed()).toMatchObject({ code: 1006 });
    expect(sessionsOf(app).count()).toBe(0);
  });

  it('K6c: takes the connection of a proxy with it', async () => {
    await using target = await startApp({});
    const behind = new WebSocketServer({ server: target.nest.getHttpServer() });
    const options = { path: '/other' };
    const module = {
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', upgrades: [protectUpgrades(options)] })],
      providers: [JwtStrategy],
    };
    await using app = await startApp(module, (nest) => {
      const proxy = httpProxy.createProxyServer({ target: target.origin });
      const server: Server = nest.getHttpServer();
      server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
    });
    const client = await app.connect('/other', bearer()).opened();
    expect(behind.clients.size).toBe(1);
    await sessionsOf(app).revoke({ userId: 'alice' });
    expect(await client.closed()).toMatchObject({ code: 1006 });
    await expect.poll(() => behind.clients.size).toBe(0);
  });

  it('K6c: ends as when its client leaves, since http-proxy-3 throws an error of the socket', async () => {
    const { app, other } = await startOther();
    await using _app = app;
    const client = await app.connect('/other', bearer()).opened();
    const { socket } = other.requests[0]!;
    const ends: unknown[] = [];
    socket.on('error', (error) => ends.push(error));
    socket.on('end', () => {
      ends.push('end');
      throw new Error('a fault of the other server');
    });
    const { id } = sessionOf(other.requests[0]!)!;
    sessionsOf(app).disconnect({ sessionId: id });
    expect(await client.closed()).toMatchObject({ code: 1006 });
    expect(ends).toEqual(['end']);
  });

  it.each([
    [30_000, [[true, 30_000]]],
    [0, []],
  ])(
    'K6c: is probed each %i ms by TCP, so that a client that has vanished keeps no place',
    async (heartbeatIntervalMs, probes) => {
      const { app } = await startOther({}, { heartbeatIntervalMs });
      await using _app = app;
      const probing = vi.spyOn(Socket.prototype, 'setKeepAlive');
      try {
        await app.connect('/other', bearer()).opened();
        expect(probing.mock.calls).toEqual(probes);
      } finally {
        probing.mockRestore();
      }
    },
  );

  it('is refreshed by the application, and hooks see the newer user', async () => {
    const { app, other } = await startOther();
    await using _app = app;
    await app.connect('/other', bearer()).opened();
    const [request] = other.requests;
    const { id } = sessionOf(request!)!;
    sessionsOf(app).refresh(id, { id: 'alice', role: 'admin' });
    expect(userOf(request!)).toMatchObject({ role: 'admin' });
    expect(sessionOf(request!)!.id).toBe(id);
  });

  it('counts against the limit of its user', async () => {
    const { app } = await startOther({ maxSessionsPerUser: 1 });
    await using _app = app;
    const first = await app.connect('/other', bearer()).opened();
    expect((await app.connect('/other', bearer()).refusal()).status).toBe(429);
    first.socket.terminate();
    await first.closed();
    await expect.poll(() => sessionsOf(app).count()).toBe(0);
    await app.connect('/other', bearer()).opened();
  });

  it('ends when the application closes, and upgrades are refused with 503 until it has', async () => {
    const { app } = await startOther();
    const client = await app.connect('/other', bearer()).opened();
    await app[Symbol.asyncDispose]();
    expect(await client.closed()).toMatchObject({ code: 1006 });
  });

  it('reports attempts and sessions by events, with names and no values', async () => {
    const { app } = await startOther();
    await using _app = app;
    const events = recordEvents(app);
    const token = tokenOf('alice');
    const client = await app.connect('/other/room', bearer(token)).opened();
    client.socket.close();
    await client.closed();
    await app.connect('/other', bearer('forged')).refusal();
    const names = events.map(([name]) => name).toSorted();
    expect(names).toEqual(
      ['authenticated', 'authenticating', 'authenticating', 'disconnected', 'refused'].toSorted(),
    );
    expect(JSON.stringify(events)).not.toContain(token);
  });

  it('needs an answer of the other server within authTimeoutMs', async () => {
    const { app, other } = await startOther({ authTimeoutMs: 50 });
    await using _app = app;
    other.server.handleUpgrade = () => undefined;
    const client = app.connect('/other', bearer());
    expect(await client.closed()).toMatchObject({ code: 1006 });
    expect(sessionsOf(app).count()).toBe(0);
  });

  it('an exception of the other server concerns its client alone', async () => {
    const { app, other } = await startOther();
    await using _app = app;
    other.server.handleUpgrade = () => {
      throw new Error('broken');
    };
    await app.connect('/other', bearer()).closed();
    expect(sessionsOf(app).count()).toBe(0);
  });
});

describe('an upgrade that waits for a strategy', () => {
  it('keeps its slot, and gives it back whatever becomes of it', async () => {
    const strategy = new DeferredStrategy();
    const { app, other } = await startOther({ strategy: 'deferred' }, { maxPendingPerAddress: 2 }, [
      strategy.provider,
    ]);
    await using _app = app;
    const [first, second] = [
      app.connect('/other', bearer('one')),
      app.connect('/other', bearer('two')),
    ];
    await strategy.asked(2);
    expect((await app.connect('/other', bearer('three')).refusal()).status).toBe(429);
    strategy.decide({ id: 'alice' });
    strategy.decide(false);
    await first.opened();
    expect((await second.refusal()).status).toBe(401);
    expect(other.requests).toHaveLength(1);
    const left = app.connect('/other', bearer('four'));
    await strategy.asked(1);
    left.socket.terminate();
    await left.closed();
    strategy.decide({ id: 'bob' });
    const last = app.connect('/other', bearer('five'));
    await strategy.asked(1);
    strategy.decide({ id: 'carol' });
    await last.opened();
    expect(sessionsOf(app).ofUser('bob')).toEqual([]);
  });

  it('survives resets of clients', async () => {
    const strategy = new DeferredStrategy();
    const { app } = await startOther({ strategy: 'deferred' }, {}, [strategy.provider]);
    await using _app = app;
    const peers = Array.from({ length: 50 }, () => new RawPeer(app.port));
    for (const peer of peers) {
      peer.write(
        'GET /other HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer x\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
    }
    await strategy.asked(50);
    for (const peer of peers) {
      peer.reset();
      strategy.decide({ id: 'alice' });
    }
    await expect.poll(() => sessionsOf(app).count()).toBe(0);
    const client = app.connect('/other', bearer('y'));
    await strategy.asked(1);
    strategy.decide({ id: 'bob' });
    await client.opened();
  });
});

const bootWith = (own: Partial<ProtectUpgradesOptions>, options: object = {}) =>
  bootError({
    imports: [
      WsAuthModule.forRoot({
        strategy: 'jwt',
        upgrades: [protectUpgrades({ path: '/yjs', ...own })],
        ...options,
      }),
    ],
    providers: [JwtStrategy],
  });

describe('protectUpgrades', () => {
  it.each<[string, unknown, RegExp]>([
    ['no path', {}, /^protectUpgrades\.path: expected a path/],
    ['a pattern', { path: '/yjs/:room' }, /^protectUpgrades\.path: expected a path/],
    ['a relative path', { path: 'yjs' }, /^protectUpgrades\.path: expected a path/],
    ['dot segments', { path: '/x/../yjs' }, /^protectUpgrades\.path: expected a path/],
    ['an unknown option', { path: '/yjs', pth: 1 }, /^protectUpgrades\.pth: unknown option/],
    [
      'an option of gateways',
      { path: '/yjs', heartbeatIntervalMs: 1 },
      /^protectUpgrades\.heartbeatIntervalMs: unknown option/,
    ],
    ['a closing', { path: '/yjs', rejection: 'close' }, /^protectUpgrades\.rejection: unknown/],
  ])('refuses %s', (_what, options, message) => {
    expect(() => protectUpgrades(options as ProtectUpgradesOptions)).toThrow(message);
  });

  it.each([
    ['fromFirstMessage() of its own', bootWith({ credentials: [fromFirstMessage()] })],
    ['fromFirstMessage() of the module', bootWith({}, { credentials: [fromFirstMessage()] })],
  ])('refuses to boot with %s', async (_what, error) => {
    expect((await error).message).toMatch(/^upgrades: \/yjs cannot use fromFirstMessage\(\)/);
  });

  it.each([
    [{ upgrades: [{ path: 4 }] }, /^upgrades: expected a list of protectUpgrades/],
    [
      { upgrades: [{ ...protectUpgrades({ path: '/other' }), path: '/other/:room' }] },
      /^upgrades: expected a list of protectUpgrades\(\{ path \}\), as it returns them/,
    ],
    [{ upgrades: protectUpgrades }, /^upgrades: expected a list of protectUpgrades/],
    [
      { upgrades: [protectUpgrades({ path: '/a' }), protectUpgrades({ path: '/A' })] },
      /^upgrades: \/a is listed twice/,
    ],
    [{ property: 'headers' }, /^property: a request has "headers" already/],
    [{ strategy: 'unknown' }, /^strategy: .*unknown/],
  ])('refuses to boot with %o', async (options, message) => {
    expect((await bootWith({}, options)).message).toMatch(message);
  });

  it('refuses to boot with an option that has no effect', async () => {
    expect((await bootWith({ onLimit: 'closeOldest' })).message).toMatch(/^onLimit: .*\/yjs/);
  });
});

it.each(['/', '/room', '/other', '/x/../y', '/%2e', '/?path=/room', '/room/', '//room', '/ROOM'])(
  "K12a: path: '/' leaves no upgrade to a listener that serves every path, such as %s",
  async (path) => {
    const { app, other } = await startOther({ path: '/' });
    await using _app = app;
    await using peer = new RawPeer(app.port).write(handshakeOf({ target: path }, app.port));
    expect([400, 401]).toContain((await peer.response()).status);
    expect(other.requests).toEqual([]);
  },
);

const noop = () => undefined;

async function startIoBelow(lines: string[]) {
  const clients: string[] = [];
  const module = {
    imports: [
      WsAuthModule.forRoot({ strategy: 'jwt', upgrades: [protectUpgrades({ path: '/rt' })] }),
    ],
    providers: [JwtStrategy],
  };
  const attach = (nest: INestApplication) => {
    const server = new IoServer(nest.getHttpServer(), { path: '/rt' });
    server.on('connection', ({ id, request }) => {
      clients.push(sessionOf(request)?.userId ?? id);
    });
  };
  const error = (line: unknown) => void lines.push(String(line));
  const logger = { log: noop, warn: noop, debug: noop, error };
  const app = await startApp(module, attach, { logger });
  return { app, clients };
}

describe('K11c: a server of Socket.IO below a protected path', () => {
  const query = '?EIO=4&transport=polling';

  it.each([
    '/rt/' + query,
    '/rt/?t=1&%45IO=4&transport=p%6flling',
    `/rt/${query}#end`,
    '/rt/?EIO=4&transport=polling&j=0',
    `http://other/../rt/${query}`,
  ])('serves no client that polls it: %s', async (target) => {
    const lines: string[] = [];
    const { app, clients } = await startIoBelow(lines);
    await using _app = app;
    const peer = new RawPeer(app.port);
    peer.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect((await peer.response()).status).toBe(426);
    expect(clients).toEqual([]);
    expect(lines).toEqual([
      expect.stringMatching(/polls Socket\.IO below \/rt is refused.*transports: \['websocket'\]/),
    ]);
  });

  it('serves no client that polls it over HTTP/2', async () => {
    const module = {
      imports: [
        WsAuthModule.forRoot({ strategy: 'jwt', upgrades: [protectUpgrades({ path: '/rt' })] }),
      ],
      providers: [JwtStrategy],
    };
    const httpAdapter = new FastifyAdapter({ http2: true } as object) as AbstractHttpAdapter;
    await using app = await startApp(module, undefined, { httpAdapter });
    const session = connect(app.origin);
    const stream = session.request({ ':path': `/rt/${query}` });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers[':status']).toBe(426);
    session.destroy();
  });

  it('serves clients with a session, and plain requests', async () => {
    const { app, clients } = await startIoBelow([]);
    await using _app = app;
    const answer = await fetch(`${app.origin}/rt/?transport=none`);
    expect(answer.status).toBe(400);
    const client = await app.connect('/rt/?EIO=4&transport=websocket', bearer()).opened();
    await client.next();
    client.sendRaw('40');
    await client.next();
    expect(clients).toEqual(['alice']);
  });
});
