import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  WsTickets,
} from '../../lib/index.js';
import { startApp } from '../support/app.js';
import { sessionsOf } from '../support/connections.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { recordEvents } from '../support/events.js';
import { patient } from '../support/patience.js';
import { customStrategy } from '../support/strategies.js';
import { basicHeader, bearer, tokenOf } from '../support/tokens.js';
import { graphqlModules, startGraphql } from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

/** A client that speaks the protocol by hand. */
async function raw(
  url: string,
): Promise<{ socket: WebSocket; closed: Promise<unknown[]>; received: string[] }> {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  const received: string[] = [];
  socket.on('message', (data: Buffer) => received.push(data.toString()));
  const closed = once(socket, 'close');
  await once(socket, 'open');
  return { socket, closed, received };
}

const subscribe = JSON.stringify({
  id: '1',
  type: 'subscribe',
  payload: { query: 'subscription { latest }' },
});
const init = (payload: unknown) => JSON.stringify({ type: 'connection_init', payload });

describe('18: the upgrade of a GraphQL client', () => {
  it.each([
    ['header', (token: string) => ({ headers: { authorization: `Bearer ${token}` } }), ''],
    [
      'cookie',
      (token: string, origin: string) => ({ headers: { cookie: `session=${token}` }, origin }),
      '',
    ],
    ['query', () => ({}), 'token'],
  ] as const)(
    'is authenticated by its %s, and acknowledged with the end of the session',
    async (_way, upgrade, param) => {
      const credentials = [
        fromAuthorizationHeader(),
        fromCookie('session'),
        fromQueryParam('token'),
        fromFirstMessage(),
      ];
      await using graphql = await startGraphql({ own: { credentials } });
      const { app } = graphql;
      const token = tokenOf('alice');
      const path = param === '' ? '/graphql' : `/graphql?${param}=${token}`;
      await using client = new Subscriber(app, {}, upgrade(token, app.origin), path);
      expect(await client.query('{ me }')).toEqual({
        data: { me: 'alice alice alice graphql-ws' },
      });
      const [session] = sessionsOf(app).ofUser('alice');
      expect(client.acks).toEqual([{ expiresAt: session!.expiresAt }]);
      expect(session!.transport).toBe('graphql-ws');
    },
  );

  it.each<[string, Record<string, string>]>([
    ['a stale cookie', { cookie: `session=${tokenOf('alice', { exp: 1 })}` }],
    ['the Basic of a proxy', { authorization: basicHeader('staging', 'secret') }],
    [
      'both',
      {
        cookie: `session=${tokenOf('alice', { exp: 1 })}`,
        authorization: basicHeader('staging', 'secret'),
      },
    ],
  ])('K13a: does not keep connectionParams out by %s', async (_what, headers) => {
    const bearerOnly = fromAuthorizationHeader({ schemes: ['Bearer'] });
    const credentials = [bearerOnly, fromCookie('session'), fromFirstMessage()];
    await using graphql = await startGraphql({ own: { credentials } });
    const { app } = graphql;
    const connectionParams = { token: tokenOf('alice') };
    await using client = new Subscriber(app, { connectionParams }, { headers, origin: app.origin });
    expect(await client.query('{ me }')).toEqual({
      data: { me: 'alice alice alice graphql-ws' },
    });
  });

  it('is authenticated by a subprotocol beside that of GraphQL, and by a ticket', async () => {
    const credentials = [fromSubprotocol(), fromQueryParam('ticket', { strategy: 'ws-ticket' })];
    await using graphql = await startGraphql({ own: { credentials }, module: { tickets: {} } });
    const { app } = graphql;
    const socket = new WebSocket(app.url('/graphql'), [
      'graphql-transport-ws',
      `bearer.${tokenOf('alice')}`,
    ]);
    await once(socket, 'open');
    expect(socket.protocol).toBe('graphql-transport-ws');
    socket.send(init({}));
    const [ack] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(ack.toString())).toMatchObject({ type: 'connection_ack' });
    socket.terminate();
    const { ticket } = await app.nest.get(WsTickets).issue({ id: 'bob' });
    await using client = new Subscriber(app, {}, {}, `/graphql?ticket=${ticket}`);
    expect(await client.query('{ me }')).toMatchObject({
      data: { me: expect.stringContaining('bob') },
    });
  });

  it.each([
    ['a forged header', () => bearer('forged'), 401],
    [
      'another origin',
      (token: string) => ({ headers: { cookie: `session=${token}` }, origin: 'http://evil.test' }),
      403,
    ],
  ] as const)('is refused before the 101 with %s', async (_what, upgrade, status) => {
    const credentials = [fromAuthorizationHeader(), fromCookie('session')];
    await using graphql = await startGraphql({ own: { credentials } });
    const options = { ...upgrade(tokenOf('alice')), protocols: ['graphql-transport-ws'] };
    expect((await graphql.app.connect('/graphql', options).refusal()).status).toBe(status);
  });

  it('is refused with 429 beyond the limit of its address, also while it waits for connection_init', async () => {
    await using graphql = await startGraphql({ module: { maxPendingPerAddress: 2 } });
    const { app } = graphql;
    const waiting = [await raw(app.url('/graphql')), await raw(app.url('/graphql'))];
    const third = app.connect('/graphql', { protocols: ['graphql-transport-ws'] });
    expect((await third.refusal()).status).toBe(429);
    waiting[0]!.socket.send(init({ token: tokenOf('alice') }));
    await once(waiting[0]!.socket, 'message');
    const fourth = await raw(app.url('/graphql'));
    [...waiting, fourth].forEach(({ socket }) => socket.terminate());
  });
});

describe('18: connection_init', () => {
  it.each([
    ['token', (token: string) => ({ token })],
    ['authorization', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['Authorization', (token: string) => ({ Authorization: `bearer ${token}` })],
    [
      'headers.Authorization',
      (token: string) => ({ headers: { Authorization: `Bearer ${token}` } }),
    ],
    [
      'headers.authorization',
      (token: string) => ({ headers: { authorization: `Bearer ${token}` }, tenant: 'a' }),
    ],
  ])('authenticates by %s', async (_place, params) => {
    await using graphql = await startGraphql();
    const token = tokenOf('alice');
    await using client = new Subscriber(graphql.app, { connectionParams: params(token) });
    expect(await client.query('{ me }')).toMatchObject({
      data: { me: 'alice alice alice graphql-ws' },
    });
    const [session] = sessionsOf(graphql.app).ofUser('alice');
    expect(client.acks).toEqual([{ expiresAt: session!.expiresAt }]);
  });

  it.each([
    ['forged', { token: 'forged' }, 4403, 'credential rejected'],
    ['missing', undefined, 4403, 'credential required'],
    ['malformed', { token: 5 }, 4403, 'malformed credential'],
    [
      'twofold',
      { token: 'a', headers: { authorization: 'Bearer b' } },
      4403,
      'more than one credential',
    ],
    ['too large', { token: 'a'.repeat(9_000) }, 4401, 'credential too large'],
  ])(
    'with a credential that is %s closes the connection',
    async (_what, connectionParams, code, reason) => {
      await using graphql = await startGraphql();
      await using client = new Subscriber(graphql.app, connectionParams && { connectionParams });
      expect(await client.closed()).toMatchObject({ code, reason });
      expect(graphql.news.users).toEqual([]);
      expect(sessionsOf(graphql.app).count()).toBe(0);
    },
  );

  it('that does not come is closed with 4408, and counts as pending until then', async () => {
    await using graphql = await startGraphql({ own: { authTimeoutMs: 60 } });
    const events = recordEvents(graphql.app);
    const { closed } = await raw(graphql.app.url('/graphql'));
    expect((await closed)[0]).toBe(4408);
    expect(events.map(([, payload]) => (payload as { code?: string }).code)).toContain(
      'ERR_WS_AUTH_TIMEOUT',
    );
  });

  it('that waits for a strategy longer than authTimeoutMs is closed to come back later', async () => {
    const strategy = new DeferredStrategy();
    await using graphql = await startGraphql({
      own: { authTimeoutMs: patient(500), strategy: 'deferred' },
      providers: [strategy.provider],
    });
    const { socket, closed } = await raw(graphql.app.url('/graphql'));
    socket.send(init({ token: 'any' }));
    await strategy.asked(1);
    expect((await closed)[0]).toBe(1013);
    strategy.decide({ id: 'alice' });
    expect(sessionsOf(graphql.app).count()).toBe(0);
  });

  it('with an operation in its wake is closed with 4401, and no resolver runs', async () => {
    await using graphql = await startGraphql();
    const { socket, closed } = await raw(graphql.app.url('/graphql'));
    socket.send(init({ token: tokenOf('alice') }));
    socket.send(subscribe);
    expect((await closed)[0]).toBe(4401);
    expect(graphql.news.users).toEqual([]);
    await expect.poll(() => sessionsOf(graphql.app).count()).toBe(0);
  });

  it('that comes twenty times runs the strategy once', async () => {
    let runs = 0;
    const strategy = customStrategy('counted', () => {
      runs += 1;
      return { id: 'alice' };
    });
    await using graphql = await startGraphql({
      own: { strategy: 'counted' },
      providers: [strategy],
    });
    const { socket, closed } = await raw(graphql.app.url('/graphql'));
    Array.from({ length: 20 }, () => socket.send(init({ token: 'any' })));
    expect((await closed)[0]).toBe(4429);
    expect(runs).toBe(1);
    await expect.poll(() => sessionsOf(graphql.app).count()).toBe(0);
  });

  it('cannot be preceded by more bytes than a credential has', async () => {
    await using graphql = await startGraphql();
    const { socket, closed } = await raw(graphql.app.url('/graphql'));
    socket.send(init({ token: 'x', junk: 'x'.repeat(1_000_000) }));
    expect((await closed)[0]).toBe(1006);
  });

  it('counts more than the credential of the upgrade', async () => {
    await using graphql = await startGraphql();
    const connectionParams = { token: tokenOf('bob') };
    await using client = new Subscriber(
      graphql.app,
      { connectionParams },
      bearer(tokenOf('alice')),
    );
    expect(await client.query('{ me }')).toMatchObject({
      data: { me: expect.stringContaining('bob') },
    });
    expect(sessionsOf(graphql.app).count()).toBe(1);
  });

  it('is limited per user, and refuses as a client comes back later', async () => {
    await using graphql = await startGraphql({ own: { maxSessionsPerUser: 1 } });
    const connectionParams = { token: tokenOf('alice') };
    await using first = new Subscriber(graphql.app, { connectionParams });
    const running = first.subscribe();
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    await using second = new Subscriber(graphql.app, { connectionParams });
    expect(await second.closed()).toMatchObject({ code: 1013, reason: 'too many sessions' });
    await first.client.dispose();
    await running;
  });
});

it('two clients that are judged simultaneously do not pass one limit', async () => {
  const strategy = new DeferredStrategy();
  await using graphql = await startGraphql({
    own: { strategy: 'deferred', maxSessionsPerUser: 1 },
    providers: [strategy.provider],
  });
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => raw(graphql.app.url('/graphql'))),
  );
  clients.forEach(({ socket }) => socket.send(init({ token: 'any' })));
  await strategy.asked(4);
  clients.forEach(() => strategy.decide({ id: 'alice' }));
  await expect
    .poll(() => clients.filter(({ socket }) => socket.readyState === WebSocket.CLOSED).length)
    .toBe(3);
  expect(sessionsOf(graphql.app).count()).toBe(1);
  clients.forEach(({ socket }) => socket.terminate());
});

describe('hooks of the application', () => {
  it('run after authentication, see the user, and add to the acknowledgement', async () => {
    const seen: unknown[] = [];
    const theirs = {
      onConnect: (context: {
        extra: { user: unknown; request: { user: unknown } };
        connectionParams: unknown;
      }) => {
        seen.push(context.extra.user, context.extra.request.user, context.connectionParams);
        return { motd: 'hi' };
      },
    };
    await using graphql = await startGraphql({ theirs });
    const token = tokenOf('alice');
    await using client = new Subscriber(graphql.app, { connectionParams: { token, tenant: 'a' } });
    await client.query('{ hello }');
    expect(seen).toEqual([{ id: 'alice' }, { id: 'alice' }, { token: 'REDACTED', tenant: 'a' }]);
    expect(client.acks).toEqual([{ motd: 'hi', expiresAt: expect.any(Number) }]);
  });

  it.each([
    ['returns false', () => false, 4403, 'not permitted'],
    [
      'throws',
      () => {
        throw new Error('secret text');
      },
      1013,
      'internal error',
    ],
    ['rejects', () => Promise.reject(new Error('secret text')), 1013, 'internal error'],
  ])(
    'that %s closes the connection, and its text stays here',
    async (_what, onConnect, code, reason) => {
      await using graphql = await startGraphql({ theirs: { onConnect } });
      await using client = new Subscriber(graphql.app, {
        connectionParams: { token: tokenOf('alice') },
      });
      expect(await client.closed()).toMatchObject({ code, reason });
      await expect.poll(() => sessionsOf(graphql.app).count()).toBe(0);
    },
  );
});

it('K3b: two applications in one process have the same subscriptions', async () => {
  const metadata = graphqlModules({});
  await using one = await startApp(metadata);
  await using two = await startApp(metadata);
  for (const app of [one, two]) {
    await using client = new Subscriber(app, {}, bearer(tokenOf('alice')));
    await client.subscribe('query { hello }');
    expect(client.values).toEqual(['hello']);
    expect(sessionsOf(app).count()).toBe(1);
  }
});
