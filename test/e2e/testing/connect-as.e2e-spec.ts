import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromFirstMessage,
  WsAuth,
  WsAuthEvents,
  WsAuthModule,
  WsAuthSessions,
  WsPublic,
} from '../../../lib/index.js';
import { connect, connectAs, expectRefused } from '../../../lib/testing.js';
import { freePort, startApp, startGateways, startProtected } from '../../support/app.js';
import { EchoGateway } from '../../support/gateways.js';
import { JwtStrategy } from '../../support/strategies.js';
import { createBehindTls } from '../../support/tls.js';

const alice = { id: 'alice', roles: ['admin'] };

describe('connectAs()', () => {
  it('opens a socket whose gateway meets the user, without a credential', async () => {
    await using app = await startProtected();
    await using client = await connectAs(app.nest, alice);
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'connectAs' });
    const [seen] = app.nest.get(EchoGateway).connected;
    expect(seen!.user).toBe(alice);
    expect(seen!.request.headers.authorization).toBeUndefined();
  });

  it('makes a session like any other, which the client knows', async () => {
    await using app = await startProtected();
    await using client = await connectAs(app.nest, alice);
    const [session] = app.nest.get(WsAuthSessions).ofUser('alice');
    expect(client.session).toBe(session);
    expect(session).toMatchObject({
      strategy: 'jwt',
      extractor: 'connectAs',
      expiresAt: undefined,
    });
  });

  it('emits the events of the application', async () => {
    await using app = await startProtected();
    const heard: string[] = [];
    app.nest.get(WsAuthEvents).on('authenticated', ({ userId }) => heard.push(`in ${userId}`));
    app.nest.get(WsAuthEvents).on('disconnected', ({ userId }) => heard.push(`out ${userId}`));
    const client = await connectAs(app.nest, alice);
    await client[Symbol.asyncDispose]();
    await using _next = await connectAs(app.nest, { id: 'bob' });
    expect(heard).toEqual(['in alice', 'out alice', 'in bob']);
  });

  it('presents the strategy, the extractor and the info of the test', async () => {
    await using app = await startProtected();
    const options = { strategy: 'saml', extractor: 'fromCookie', info: { scope: 'chat' } };
    await using client = await connectAs(app.nest, alice, options);
    expect(client.session).toMatchObject(options);
  });

  it('applies the options of the module that concern users', async () => {
    await using app = await startProtected({
      userId: ({ email }: { email: string }) => email,
      maxSessionAgeMs: 60_000,
      property: 'account',
    });
    const before = Date.now();
    await using client = await connectAs(app.nest, { email: 'a@example.com' });
    expect(client.session?.userId).toBe('a@example.com');
    expect(client.session?.expiresAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(app.nest.get(EchoGateway).connected[0]!.client).toMatchObject({
      account: { email: 'a@example.com' },
    });
  });

  it('does not run the middleware, nor ask for an origin', async () => {
    await using app = await startProtected({
      middleware: [() => undefined],
      allowedOrigins: () => false,
    });
    await using client = await connectAs(app.nest, alice);
    expect(client.session?.userId).toBe('alice');
  });

  it.each([
    ['has expired', { id: 'alice', exp: 1 }],
    ['has an expiry that is not a number', { id: 'alice', exp: 'tomorrow' }],
    ['is a list', [alice]],
  ])('is refused with a user that %s', async (_what, user) => {
    await using app = await startProtected();
    const refused = { status: 401, reason: 'credential rejected' };
    await expectRefused(connectAs(app.nest, user), refused);
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('is refused with one session too many', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 1 });
    await using _first = await connectAs(app.nest, alice);
    await expectRefused(connectAs(app.nest, alice), { status: 429, reason: 'too many sessions' });
    await using bob = await connectAs(app.nest, { id: 'bob' });
    expect(bob.session?.userId).toBe('bob');
  });

  it('is refused with a user whose credentials of that time are revoked', async () => {
    await using app = await startProtected();
    const issuedAt = Date.now();
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice', issuedBefore: issuedAt });
    const earlier = { ...alice, iat: issuedAt / 1_000 - 1 };
    await expectRefused(connectAs(app.nest, earlier), { status: 401, reason: 'revoked' });
    await using later = await connectAs(app.nest, { ...alice, iat: issuedAt / 1_000 + 1 });
    expect(later.session?.userId).toBe('alice');
  });

  it('is refused when the server has no place for one more', async () => {
    await using app = await startProtected({ maxPendingPerAddress: 1 });
    await using _pending = await app.connect().opened();
    await expectRefused(connectAs(app.nest, alice), { status: 429, reason: 'too many attempts' });
  });
});

@WsAuth({ credentials: [fromFirstMessage()] })
@WebSocketGateway({ path: 'rooms' })
class RoomsGateway extends EchoGateway {}

@WsPublic()
@WebSocketGateway({ path: '/news' })
class NewsGateway {}

describe('connectAs() finds the gateway', () => {
  it('at the path that the test names, in whichever way it is written', async () => {
    await using app = await startProtected({}, [RoomsGateway]);
    await using client = await connectAs(app.nest, alice, { path: '/rooms/' });
    await client.barrier();
    expect(app.nest.get(RoomsGateway).connected).toHaveLength(1);
    expect(app.nest.get(EchoGateway).connected).toHaveLength(0);
  });

  it('and asks for a path where there are several', async () => {
    await using app = await startProtected({}, [RoomsGateway]);
    await expect(connectAs(app.nest, alice)).rejects.toThrow('name one by its path: /, /rooms');
  });

  it('and names the reason where the gateway is public', async () => {
    await using app = await startProtected({}, [NewsGateway]);
    const attempt = connectAs(app.nest, alice, { path: '/news' });
    await expect(attempt).rejects.toThrow('there is no gateway with authentication at /news');
  });

  it('on a port of its own', async () => {
    const port = await freePort();
    @WebSocketGateway(port)
    class PortGateway extends EchoGateway {}
    await using app = await startGateways({}, [PortGateway]);
    await using client = await connectAs(app.nest, alice);
    expect(client.socket.url).toBe(`ws://localhost:${port}/`);
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('on Fastify', async () => {
    await using app = await startProtected({}, [], { httpAdapter: new FastifyAdapter() as never });
    await using client = await connectAs(app.nest, alice);
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('behind TLS', async () => {
    const { app, options } = await createBehindTls({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, EchoGateway],
    });
    const client = await connectAs(app, alice, options);
    expect(client.socket.url).toMatch(/^wss:/);
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    await client[Symbol.asyncDispose]();
    await app.close();
  });

  it('of an application that does not listen yet, for several clients simultaneously', async () => {
    const module = await Test.createTestingModule({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, EchoGateway],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    const clients = await Promise.all(
      ['alice', 'bob', 'carol'].map((id) => connectAs(app, { id })),
    );
    const asked = await Promise.all(clients.map((client) => client.ask('whoami')));
    expect(asked).toMatchObject([{ user: 'alice' }, { user: 'bob' }, { user: 'carol' }]);
    await app.close();
  });

  it('K11c: and reports an application that has been closed, which it leaves closed', async () => {
    const app = await startProtected();
    await app.connectAs('bob');
    await app.nest.close();
    for (const attempt of [connectAs(app.nest, alice), connect(app.nest)]) {
      await expect(attempt).rejects.toThrow('the application has been closed');
    }
    expect(app.nest.getHttpServer()).toMatchObject({ listening: false });
  });

  it('and reports an application that does not import the module', async () => {
    await using app = await startApp({});
    await expect(connectAs(app.nest, alice)).rejects.toThrow('does not import WsAuthModule');
  });
});
