import { EventEmitter, once } from 'node:events';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Socket as ServerSocket } from 'socket.io';
import type { Socket } from 'socket.io-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  WsAuthModule,
  WsAuthSessions,
  WsPublic,
} from '../../../lib/index.js';
import { socketIo } from '../../../lib/socket-io.js';
import { loadClient } from '../../../lib/testing/socket-io/load-client.js';
import { connect, connectAs, expectRefused, fakeTimers } from '../../../lib/testing.js';
import {
  ChatGateway,
  IoEcho,
  NewsGateway,
  RootGateway,
} from '../../socket-io/support/io-gateways.js';
import { startIo } from '../../socket-io/support/io-app.js';
import { until } from '../../socket-io/support/until.js';
import { JwtStrategy } from '../../support/strategies.js';
import { createBehindTls } from '../../support/tls.js';
import { bearer, tokenOf } from '../../support/tokens.js';

const alice = { id: 'alice' };
const token = () => tokenOf('alice');
const secondsFromNow = (seconds: number) => Date.now() / 1_000 + seconds;
const credentials = [
  fromAuthorizationHeader({ schemes: ['Bearer'] }),
  fromQueryParam('token'),
  fromCookie('token'),
  fromFirstMessage(),
];

const ways = [
  ['headers', (text: string) => ({ headers: { authorization: `Bearer ${text}` } })],
  ['query', (text: string) => ({ query: { token: text } })],
  ['firstMessage', (text: string) => ({ firstMessage: { token: text } })],
] as const;

afterEach(() => {
  vi.useRealTimers();
});

describe.each([
  { transports: ['polling'] },
  { transports: ['websocket'] },
  { transports: ['polling', 'websocket'] },
] as const)('connect() to a gateway of Socket.IO, by $transports', ({ transports }) => {
  it.each(ways)('authenticates with a token in %s', async (_name, optionsOf) => {
    await using app = await startIo({ credentials }, [RootGateway]);
    await using client = await connect(app.nest, { ...optionsOf(token()), transports });
    expect(client.session).toMatchObject({ userId: 'alice', transport: 'socket.io' });
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice', same: true });
    await client.barrier();
    expect(client.unread).toEqual([]);
  });

  it.each(ways)('is refused with a forged token in %s', async (_name, optionsOf) => {
    await using app = await startIo({ credentials }, [RootGateway]);
    const attempt = connect(app.nest, { ...optionsOf('forged'), transports });
    await expectRefused(attempt, { closeCode: 3000, reason: 'credential rejected' });
    expect(app.nest.get(RootGateway).connected).toEqual([]);
    await until(() => app.pending === 0);
  });

  it('is refused without a credential, and from another origin with that of a cookie', async () => {
    await using app = await startIo({ credentials }, [RootGateway]);
    await expectRefused(connect(app.nest, { transports }), {
      closeCode: 3000,
      reason: 'credential required',
    });
    const options = { origin: 'https://evil.test', headers: { cookie: `token=${token()}` } };
    await expectRefused(connect(app.nest, { ...options, transports }), { closeCode: 3003 });
  });

  it('rejects with the response of a refusal by HTTP', async () => {
    await using app = await startIo({ credentials, rejection: 'http' }, [RootGateway]);
    const attempt = connect(app.nest, { ...bearer('forged'), transports });
    const refused = await expectRefused(attempt, { status: 401, reason: 'credential rejected' });
    expect(refused.response?.challenges).toEqual(['Bearer realm="Users", error="invalid_token"']);
  });

  it('rejects with the error of the network where no server answers', async () => {
    await using app = await startIo({}, [RootGateway]);
    await expect(connect(app.nest, { port: 1, transports })).rejects.toThrow(
      /ECONNREFUSED|xhr poll error/,
    );
  });
});

describe.each([['polling'], ['websocket']] as const)(
  'connectAs() a gateway of Socket.IO, by %s',
  (transport) => {
    const transports = [transport];

    it('opens a client whose gateway meets the user, without a credential', async () => {
      await using app = await startIo({}, [RootGateway]);
      await using client = await connectAs<Socket>(app.nest, alice, { transports });
      expect(client.session).toMatchObject({ user: alice, extractor: 'connectAs' });
      expect(await client.ask('whoami')).toMatchObject({ user: 'alice', id: client.session?.id });
      expect(client.socket.io.engine.transport.name).toBe(transport);
    });

    it('opens nothing for other clients', async () => {
      await using app = await startIo({}, [RootGateway]);
      const meanwhile = connectAs(app.nest, alice, { transports });
      await expectRefused(connect(app.nest, { transports }), { closeCode: 3000 });
      await using _client = await meanwhile;
      await expectRefused(connect(app.nest, { transports }), { closeCode: 3000 });
    });

    it('is refused with a user that has expired, and with one session too many', async () => {
      await using app = await startIo({ maxSessionsPerUser: 1 }, [RootGateway]);
      const expired = connectAs(app.nest, { ...alice, exp: 1 }, { transports });
      await expectRefused(expired, { closeCode: 3000, reason: 'credential rejected' });
      await using _first = await connectAs(app.nest, alice, { transports });
      const second = connectAs(app.nest, alice, { transports });
      await expectRefused(second, { closeCode: 1013, reason: 'too many sessions' });
    });

    it('receives what a gateway sends early, and has its early messages answered, in order', async () => {
      const released = new EventEmitter();
      @WebSocketGateway()
      class SlowGateway extends IoEcho {
        override async handleConnection(client: ServerSocket): Promise<void> {
          client.emit('welcome', 'to the room');
          await once(released, 'now');
          this.connected.push(client);
        }
      }
      await using app = await startIo({}, [SlowGateway]);
      await using client = await connect(app.nest, {
        firstMessage: { token: token() },
        transports,
      });
      expect(await client.nextEvent()).toEqual({ event: 'welcome', data: 'to the room' });
      const answers = [client.ask('echo', 1), client.ask('echo', 2), client.ask('whoami')];
      await client.barrier();
      expect(client.unread).toEqual([]);
      released.emit('now');
      expect(await Promise.all(answers)).toMatchObject([1, 2, { user: 'alice' }]);
    });

    it.each([
      ['expire', { code: 3000, reason: 'token expired' }],
      ['revoke', { code: 3000, reason: 'revoked' }],
    ] as const)('may %s its session, and learns why it ended', async (act, closing) => {
      await using app = await startIo({}, [RootGateway]);
      await using client = await connectAs(app.nest, alice, { transports });
      expect(await client[act]()).toEqual(closing);
      expect(client.session).toBeUndefined();
      await expect(client.next()).rejects.toThrow(`closed with ${closing.code} ${closing.reason}`);
    });

    it('learns why the application ended its session, and that it closes', async () => {
      const app = await startIo({}, [RootGateway]);
      const [banned, left] = await Promise.all([
        connectAs(app.nest, alice, { transports }),
        connectAs(app.nest, { id: 'bob' }, { transports }),
      ]);
      const how = { code: 4001, reason: 'banned' };
      app.nest.get(WsAuthSessions).disconnect({ userId: 'alice' }, how);
      expect(await banned.closed()).toEqual(how);
      await app.nest.close();
      expect(await left.closed()).toEqual({ code: 1001, reason: 'server shutting down' });
      await Promise.all([banned, left].map((client) => client[Symbol.asyncDispose]()));
    });

    it('renews its session, and receives the new expiry', async () => {
      await using app = await startIo({}, [RootGateway]);
      await using client = await connectAs(app.nest, alice, { transports });
      const exp = Math.ceil(secondsFromNow(120));
      expect(client.renew({ ...alice, exp })).toBe(client.session);
      const data = { expiresAt: exp * 1_000 };
      expect(await client.nextEvent()).toEqual({ event: 'authenticated', data });
      expect(() => client.renew({ id: 'bob' })).toThrow('other user');
    });
  },
);

describe('a client of Socket.IO under fake timers', () => {
  it('outlives the heartbeats of a day, and ends with its session', async () => {
    vi.useFakeTimers(fakeTimers.vitest);
    await using app = await startIo({}, [RootGateway]);
    await using client = await connectAs(app.nest, { ...alice, exp: secondsFromNow(86_400) });
    vi.advanceTimersByTime(86_370_000);
    expect(await client.nextEvent()).toMatchObject({ event: 'expiring' });
    expect(await client.ask('echo', 'still here')).toBe('still here');
    vi.advanceTimersByTime(30_000);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it('cannot poll, which is named', async () => {
    vi.useFakeTimers(fakeTimers.vitest);
    await using app = await startIo({}, [RootGateway]);
    const attempt = connectAs(app.nest, alice, { transports: ['polling'] });
    await expect(attempt).rejects.toThrow('polling needs timers that are not fake');
  });
});

@WsPublic()
@WebSocketGateway({ namespace: 'lobby' })
class LobbyGateway {
  @SubscribeMessage('hello')
  hello() {
    return 'anyone';
  }
}

describe('the test kit finds a gateway of Socket.IO', () => {
  it('by its namespace, and asks for one where there are several', async () => {
    await using app = await startIo({}, [ChatGateway, NewsGateway]);
    await using client = await connectAs(app.nest, alice, { namespace: 'news' });
    await client.barrier();
    expect(app.nest.get(NewsGateway).connected).toHaveLength(1);
    expect(app.nest.get(ChatGateway).connected).toEqual([]);
    await expect(connectAs(app.nest, alice)).rejects.toThrow(
      'several gateways, name one by its namespace, or its path: /chat, /news',
    );
    const attempt = connectAs(app.nest, alice, { namespace: '/unknown' });
    await expect(attempt).rejects.toThrow(/Invalid namespace|unknown/);
  });

  it('on a path of its own, and without authentication', async () => {
    @WebSocketGateway({ path: '/realtime' })
    class PathGateway extends IoEcho {}
    await using app = await startIo({}, [PathGateway]);
    await using client = await connectAs(app.nest, alice);
    expect(await client.ask('echo', 1)).toBe(1);
    await using open = await startIo({}, [ChatGateway, LobbyGateway]);
    await using guest = await connect(open.nest, { namespace: 'lobby' });
    expect(await guest.ask('hello')).toBe('anyone');
    const attempt = connectAs(open.nest, alice, { namespace: 'lobby' });
    await expect(attempt).rejects.toThrow('there is no gateway with authentication at /lobby');
  });

  it('on Fastify', async () => {
    const httpAdapter = new FastifyAdapter() as never;
    await using app = await startIo({}, [RootGateway], { httpAdapter });
    await using client = await connectAs(app.nest, alice);
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it.each(['polling', 'websocket'] as const)('behind TLS, by %s', async (transport) => {
    const { app, options } = await createBehindTls({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo() })],
      providers: [JwtStrategy, RootGateway],
    });
    const client = await connectAs(app, alice, { ...options, transports: [transport] });
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    await client[Symbol.asyncDispose]();
    await app.close();
  });
});

describe('the options of the test kit', () => {
  it.each([
    ['protocols', { protocols: 'chat' }],
    ['agent', { agent: {} as never }],
    ['firstMessage', { firstMessage: 'token' }],
  ])('refuse %s for a gateway of Socket.IO', async (name, options) => {
    await using app = await startIo({}, [RootGateway]);
    await expect(connect(app.nest, options)).rejects.toThrow(new RegExp(`^${name}: `));
  });

  it('name socket.io-client where it is not installed', async () => {
    const missing = Promise.reject(new Error("Cannot find package 'socket.io-client'"));
    await expect(loadClient(() => missing)).rejects.toThrow(
      'which is not installed; run npm install --save-dev socket.io-client',
    );
  });
});
