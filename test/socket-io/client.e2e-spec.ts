import { io, type Socket } from 'socket.io-client';
import { fromCookie, fromFirstMessage } from 'nestjs-ws-auth';
import { authenticate } from 'nestjs-ws-auth/socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoApp } from './support/io-app.js';
import { IoClient } from './support/io-client.js';
import { RootGateway } from './support/io-gateways.js';
import { Deferred } from '../../lib/client/deferred.js';
import { patient } from '../support/patience.js';
import { settle } from '../support/turns.js';
import { until } from './support/until.js';

const opened: Socket[] = [];
afterEach(() => opened.splice(0).forEach((socket) => socket.disconnect()));

/** An official client that `authenticate()` looks after. */
function open(
  app: IoApp,
  transport: string,
  token: () => string | null | Promise<string>,
  options: Parameters<typeof io>[1] = {},
): { client: IoClient; asked: () => number; loggedOut: () => boolean } {
  const state = { asked: 0, loggedOut: false };
  const socket = io(app.url, {
    forceNew: true,
    transports: [transport],
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
    auth: { room: 'lobby' },
    ...options,
  });
  opened.push(socket);
  authenticate(socket, {
    token: () => {
      state.asked += 1;
      return token();
    },
    onUnauthenticated: () => (state.loggedOut = true),
  });
  return {
    client: new IoClient(socket),
    asked: () => state.asked,
    loggedOut: () => state.loggedOut,
  };
}

const seconds = () => Math.ceil(Date.now() / 1_000);

describe.each(ioTransports)('authenticate(), by %s', (transport) => {
  it('presents a token beside what the application sends', async () => {
    await using app = await startIo({}, [RootGateway]);
    const { client } = open(app, transport, () => tokenOf('alice'));
    await client.connected();
    const [socket] = app.nest.get(RootGateway).connected;
    expect(socket!.handshake.auth).toEqual({ room: 'lobby', token: 'REDACTED' });
  });

  it('presents a token beside what a function of the application hands on', async () => {
    await using app = await startIo({}, [RootGateway]);
    const { client } = open(app, transport, () => tokenOf('alice'), {
      auth: (done) => done({ room: 'attic' }),
    });
    await client.connected();
    const [socket] = app.nest.get(RootGateway).connected;
    expect(socket!.handshake.auth).toEqual({ room: 'attic', token: 'REDACTED' });
  });

  it('stays connected where no token can be had for a renewal, and comes back after the end', async () => {
    await using app = await startIo({ expiryWarningMs: 59_000 }, [RootGateway]);
    const tokens = [
      () => tokenOf('alice', { exp: seconds() + 60 }),
      () => Promise.reject(new Error('offline')),
      () => tokenOf('alice', { iat: seconds() }),
    ];
    const { client, asked } = open(app, transport, () => tokens.shift()!());
    await client.connected();
    await until(() => asked() === 2);
    await expect(client.ask('whoami')).resolves.toMatchObject({ user: 'alice' });
    await app.sessions.revoke({ userId: 'alice' });
    await client.ended();
    await client.connected();
    expect(asked()).toBe(3);
  });

  it('renews on the open connection, through several tokens', async () => {
    await using app = await startIo({ expiryWarningMs: 900 }, [RootGateway]);
    const { client, asked } = open(app, transport, () => tokenOf('alice', { exp: seconds() + 2 }));
    await client.connected();
    const before = (await client.ask('whoami')) as { readonly id: string };
    await until(() => asked() >= 3);
    await client.next('authenticated');
    await client.next('authenticated');
    await expect(client.ask('whoami')).resolves.toMatchObject({ id: before.id });
    expect(client.records.filter(({ event }) => event === 'disconnect')).toEqual([]);
  });

  it('comes back with a new token after its session has ended', async () => {
    await using app = await startIo({}, [RootGateway]);
    const { client, loggedOut } = open(app, transport, () => tokenOf('alice', { iat: seconds() }));
    await client.connected();
    await app.sessions.revoke({ userId: 'alice' });
    await expect(client.ended()).resolves.toMatchObject({ reason: 'revoked' });
    await client.connected();
    expect(loggedOut()).toBe(false);
  });

  it('comes back after the application has restarted', async () => {
    const app = await startIo({}, [RootGateway]);
    const { client } = open(app, transport, () => tokenOf('alice'));
    await client.connected();
    await app.nest.close();
    await client.ended();
    await using next = await startIo({}, [RootGateway], { port: app.port });
    await client.connected();
    expect(next.sessions.count()).toBe(1);
  });

  it('gives up where a fresh token is refused as well, and never loops', async () => {
    await using app = await startIo({}, [RootGateway]);
    const { client, asked, loggedOut } = open(app, transport, () => 'forged');
    await until(loggedOut);
    expect(asked()).toBe(2);
    expect(client.socket.active).toBe(false);
  });

  it('gives up without a user, and after a decision of the server', async () => {
    await using app = await startIo({}, [RootGateway]);
    const guest = open(app, transport, () => null);
    await until(guest.loggedOut);
    const banned = open(app, transport, () => tokenOf('mallory'));
    await banned.client.connected();
    app.sessions.disconnect({ userId: 'mallory' }, { code: 4001, reason: 'banned' });
    await banned.client.disconnected();
    expect(banned.asked()).toBe(1);
    expect(banned.client.socket.active).toBe(false);
  });

  it('tries again where no token can be had at present', async () => {
    await using app = await startIo({}, [RootGateway]);
    let failures = 0;
    const { client } = open(app, transport, () => {
      failures += 1;
      return failures === 1 ? Promise.reject(new Error('offline')) : tokenOf('alice');
    });
    await client.connected();
    expect(failures).toBe(2);
  });
});

describe('authenticate() and a token function', () => {
  it.each([undefined, null, ''])(
    'K7i: ends the session where it returns no user at a renewal: %s',
    async (nothing) => {
      await using app = await startIo({ expiryWarningMs: 59_000 }, [RootGateway]);
      const tokens = [tokenOf('alice', { exp: seconds() + 60 }), nothing];
      const { client, asked, loggedOut } = open(app, 'websocket', () => tokens.shift()!);
      await client.connected();
      await until(loggedOut);
      expect([asked(), client.socket.active]).toEqual([2, false]);
      await until(() => app.sessions.count() === 0);
    },
  );

  it.each([{ token: 'a' }, 42n, Symbol('a'), ['a']])(
    'K7k: backs off and does not end the program where it returns %o',
    async (mistake) => {
      await using app = await startIo({}, [RootGateway]);
      const tokens = [mistake, tokenOf('alice')];
      const { client, asked } = open(app, 'websocket', () => tokens.shift() as string);
      await client.connected();
      expect(asked()).toBe(2);
    },
  );

  it.each([
    ['rejects', () => Promise.reject(new Error('offline'))],
    ['returns no user', () => Promise.resolve(null as unknown as string)],
    ['returns a token', () => Promise.resolve(tokenOf('alice'))],
  ])('K7k: stays disconnected where the application disconnects before it %s', async (_, end) => {
    await using app = await startIo({}, [RootGateway]);
    const late = new Deferred<void>();
    const tokens = [() => late.promise.then(end), () => Promise.resolve(tokenOf('alice'))];
    const { client, asked, loggedOut } = open(app, 'websocket', () => tokens.shift()!());
    await until(() => asked() === 1);
    client.socket.disconnect();
    late.resolve();
    await settle();
    expect([client.socket.active, loggedOut(), app.sessions.count()]).toEqual([false, false, 0]);
    client.socket.connect();
    await client.connected();
  });
});

it('K7b: authenticate() leaves events of the application to it that have the names of the protocol', async () => {
  await using app = await startIo({}, [RootGateway]);
  const { client, asked } = open(app, 'websocket', () => tokenOf('alice'));
  await client.connected();
  const { id } = client.socket;
  const { server } = app.nest.get(RootGateway);
  const own: readonly [string, unknown][] = [
    ['expiring', { auction: 17 }],
    ['expiring', { expiresAt: 'soon' }],
    ['expiring', undefined],
    ['authenticated', { game: 'chess' }],
    ['draining', { pool: 2 }],
    ['draining', { closesInMs: -1 }],
    ['ended', { winner: 'alice' }],
  ];
  for (const [event, data] of own) {
    const received = new Promise((resolve) => client.socket.once(event, resolve));
    server.emit(event, data);
    expect(await received).toEqual(data ?? null);
  }
  expect([asked(), client.socket.id, client.socket.connected]).toEqual([1, id, true]);
});

it('K7b: authenticate() renews once where the server announces an end many times', async () => {
  await using app = await startIo({}, [RootGateway]);
  const { client, asked } = open(app, 'websocket', () => tokenOf('alice'));
  await client.connected();
  const renewed = new Promise((resolve) => client.socket.once('authenticated', resolve));
  for (let index = 0; index < 40; index += 1) {
    app.nest.get(RootGateway).server.emit('expiring', { expiresAt: Date.now() + 60_000 });
  }
  await renewed;
  await client.socket.timeout(patient(5_000)).emitWithAck('echo', 'still here');
  expect([asked(), client.socket.connected]).toEqual([2, true]);
});

it('authenticate() gives up where a poll is refused with 403', async () => {
  await using app = await startIo(
    { rejection: 'http', credentials: [fromCookie('token'), fromFirstMessage()] },
    [RootGateway],
  );
  const { client, asked } = open(app, 'polling', () => 'unused', {
    extraHeaders: { origin: 'https://evil.example', cookie: `token=${tokenOf('alice')}` },
  });
  await expect(client.refused()).resolves.toMatchObject({ description: 403 });
  expect(client.socket.active).toBe(false);
  expect(asked()).toBe(0);
});

describe('the options of authenticate()', () => {
  it('are checked', () => {
    const socket = io('http://127.0.0.1:1', { autoConnect: false });
    expect(() =>
      authenticate(socket, { token: () => 'a', onUnauthenticate: () => 1 } as never),
    ).toThrow(/onUnauthenticate: unknown option; did you mean onUnauthenticated/);
    expect(() => authenticate(socket, {} as never)).toThrow(/token: expected function/);
  });

  it('accept a socket with typed events', () => {
    interface Events {
      readonly news: (text: string) => void;
    }
    const socket: Socket<Events, Events> = io('http://127.0.0.1:1', { autoConnect: false });
    expect(authenticate(socket, { token: () => 'a' })).toBeTypeOf('function');
  });

  it('end with the function that it returns', () => {
    const socket = io('http://127.0.0.1:1', { autoConnect: false, auth: { room: 1 } });
    const stop = authenticate(socket, { token: () => 'a' });
    stop();
    expect(socket.auth).toEqual({ room: 1 });
    expect(socket.listeners('connect')).toEqual([]);
  });
});
