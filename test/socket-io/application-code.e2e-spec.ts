import {
  ConnectedSocket,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import type { Namespace, Server, Socket } from 'socket.io';
import { describe, expect, it, vi } from 'vitest';
import { fromAuthorizationHeader, WsPublic } from '../../lib/index.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { patient } from '../support/patience.js';
import { customStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoTransport } from './support/io-app.js';
import { IoEcho, NewsGateway, RootGateway } from './support/io-gateways.js';
import { ask, RawPolling, RawWebSocket, upgrade } from './support/raw-io.js';
import { until } from './support/until.js';

type Callback = (error: string | null | undefined, success: boolean) => void;

/** A strategy that decides later, as most do. */
const later = customStrategy('later', () => Promise.resolve({ id: 'alice' }));

const fromHeader = { strategy: 'later', credentials: [fromAuthorizationHeader()] } as const;

function isMallory({ headers }: IncomingMessage): boolean {
  return headers['x-user'] === 'mallory';
}

/** The status that a client sees: 200 in polling and 101 in WebSockets where it gets in. */
async function statusOf(url: string, transport: IoTransport, user: string): Promise<number> {
  const headers = { authorization: 'Bearer x', 'x-user': user };
  const target = RawPolling.urlOf(url, '', transport);
  const { status } =
    transport === 'polling' ? await ask(target, { headers }) : await upgrade(target, headers);
  return status;
}

/** A gateway of such a server. */
function withAccess<Gateway extends new (...args: never[]) => object>(
  access: string,
  gateway: Gateway,
): Gateway {
  if (access === 'public') {
    WsPublic()(gateway);
  }
  return gateway;
}

const accesses = ['protected', 'public'] as const;

/** Each transport, with each kind of server. */
const doors = ioTransports.flatMap((transport) =>
  accesses.map((access) => ({ transport, access })),
);

/** What an `allowRequest` of an application may do to a client. */
const verdicts: Readonly<Record<string, (callback: Callback) => unknown>> = {
  throws: () => {
    throw new Error('SECRET');
  },
  'rejects its promise': async () => {
    await Promise.resolve();
    throw new Error('SECRET');
  },
  'answers, and rejects its promise afterwards': async (callback) => {
    callback(null, false);
    await Promise.resolve();
    throw new Error('SECRET');
  },
  'rejects with nothing': () => Promise.reject(undefined),
  'never answers': () => undefined,
  'never settles': () => new Promise(() => undefined),
  'answers twice': (callback) => {
    callback('no', false);
    callback(null, true);
  },
};

describe.each(doors)(
  'an allowRequest of the application, by $transport, on a $access server',
  ({ transport, access }) => {
    // A public server has no deadline for its clients, as with the adapter of Nest.
    const rows = Object.entries(verdicts).filter(
      ([name]) => access === 'protected' || !name.startsWith('never'),
    );

    it.each(rows)('K12d: that %s refuses its client, and no other', async (_name, decide) => {
      @WebSocketGateway({
        allowRequest: (request: IncomingMessage, callback: Callback) =>
          isMallory(request) ? decide(callback) : callback(null, true),
      })
      class Gateway extends IoEcho {}
      const providers = [withAccess(access, Gateway), later];
      await using app = await startIo({ ...fromHeader, authTimeoutMs: patient(300) }, providers);
      expect([403, 400, 503]).toContain(await statusOf(app.url, transport, 'mallory'));
      expect([200, 101]).toContain(await statusOf(app.url, transport, 'alice'));
      await until(() => app.pending === 0);
    });
  },
);

const rejecting: () => unknown = () => Promise.reject(new Error('SECRET'));

/** Ways in which code fails. */
const faults = Object.entries({ throws: fail, rejects: rejecting });

/** Where listeners of the engine are called, and with what of a request. */
const engineEvents = ['initial_headers', 'headers', 'connection', 'connection_error'] as const;

/** Each with the ways in which it fails. */
const engineRows = engineEvents.flatMap((event) =>
  faults.map(([how, fault]) => [event, how, fault] as const),
);

describe.each(doors)(
  'a listener of the engine, by $transport, on a $access server',
  ({ transport, access }) => {
    it.each(engineRows)('K12d: of %s that %s harms no other client', async (event, _how, fault) => {
      let thrown = 0;
      @WebSocketGateway()
      class Gateway extends IoEcho {
        afterInit(server: Server): void {
          server.engine.on(event, (...args: object[]) => {
            if (args.some((each) => isMallory(requestIn(each)))) {
              thrown += 1;
              return fault();
            }
            return undefined;
          });
        }
      }
      const providers = [withAccess(access, Gateway), later];
      await using app = await startIo({ ...fromHeader, authTimeoutMs: patient(300) }, providers);
      const sid = event === 'connection_error' ? '&sid=unknown' : '';
      const target = RawPolling.urlOf(app.url, sid, transport);
      const headers = { authorization: 'Bearer x', 'x-user': 'mallory' };
      await (transport === 'polling' ? ask(target, { headers }) : upgrade(target, headers));
      expect(thrown).toBeGreaterThan(0);
      expect([200, 101]).toContain(await statusOf(app.url, transport, 'alice'));
      await until(() => app.pending === 0);
    });
  },
);

/** A request, or what holds one. */
function requestIn(each: object): IncomingMessage {
  const { request, req } = each as {
    readonly request?: IncomingMessage;
    readonly req?: IncomingMessage;
  };
  const found = request ?? req ?? (each as IncomingMessage);
  return found.headers ? found : ({ headers: {} } as IncomingMessage);
}

describe('a listener of disconnect', () => {
  it('K12d: that throws when the server ends the connection is contained', async () => {
    @WebSocketGateway()
    class Gateway extends IoEcho {
      left = 0;
      override handleConnection(client: Parameters<IoEcho['handleConnection']>[0]): void {
        super.handleConnection(client);
        client.on('disconnect', () => {
          this.left += 1;
          throw new Error('SECRET');
        });
      }
    }
    await using app = await startIo({}, [Gateway]);
    const gateway = app.nest.get(Gateway);
    const client = await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected();
    await app.sessions.revoke({ userId: 'alice' });
    await client.ended();
    const other = await app.open('websocket', { auth: { token: tokenOf('bob') } }).connected();
    other.socket.io.engine.close();
    await until(() => gateway.left === 2);
    await expect(
      (await app.open('websocket', { auth: { token: tokenOf('carol') } }).connected()).ask(
        'whoami',
      ),
    ).resolves.toMatchObject({ user: 'carol' });
  });
});

/** As an async listener, or an async middleware. */
/** Code of an application that fails for mallory alone, and whether that closes the connection. */
const failing: Readonly<Record<string, (client: Socket) => unknown>> = {
  'a listener of an event': (client) => client.on('poke', () => fail()),
  'an async listener of an event': (client) => client.on('poke', rejecting),
  'a middleware of the client': (client) => client.use(() => fail()),
  'an async middleware of the client': (client) => client.use(rejecting),
  'an async middleware of the client behind another one': (client) =>
    client.use((_event, next) => setImmediate(next)).use(rejecting),
  'a middleware of the client behind another one': (client) =>
    client.use((_event, next) => setImmediate(next)).use(() => fail()),
  'a listener of all events': (client) => client.onAny(() => fail()),
  'an async listener of all events': (client) => client.prependAny(rejecting),
  'a callback of an acknowledgement': (client) => client.emit('question', () => fail()),
  'an async callback of an acknowledgement': (client) => client.emit('question', rejecting),
  'a callback of an acknowledgement that does not come': (client) =>
    client.timeout(1).emit('rhetorical', () => fail()),
  'a listener of a raw connection': (client) => client.conn.on('packet', () => fail()),
  'an async listener of a raw connection': (client) => client.conn.on('packet', rejecting),
};

function fail(): never {
  throw new Error('SECRET');
}

describe.each(accesses)('application code of a client, on a %s server', (access) => {
  it.each(Object.entries(failing))('K12d: %s that fails harms no other', async (_name, prepare) => {
    const clients: Socket[] = [];
    @WebSocketGateway()
    class Gateway {
      handleConnection(client: Socket): void {
        clients.push(client);
        prepare(client);
      }
    }
    await using app = await startIo({}, [withAccess(access, Gateway)]);
    const auth = { token: tokenOf('mallory') };
    const mallory = app.open('websocket', { auth });
    mallory.socket.on('question', (answer: () => void) => answer());
    await mallory.connected();
    mallory.socket.emit('poke');
    await mallory.disconnected();
    await app.open('websocket', { auth }).connected();
    expect(clients).toHaveLength(2);
  });
});

/** Code that is called for a client while the server works for all of them, and harms not even that client. */
const besides: Readonly<
  Record<string, (fault: () => unknown, client: Socket, server: Server) => unknown>
> = {
  'a listener of outgoing events': (fault, client) => client.onAnyOutgoing(fault),
  'a listener of rooms that are joined': (fault, _client, { sockets }) =>
    sockets.adapter.on('join-room', fault),
  'a listener of rooms that are left': (fault, _client, { sockets }) =>
    sockets.adapter.on('leave-room', fault),
  'a broadcast that is not acknowledged in time': (fault, _client, server) =>
    server.timeout(1).emit('rhetorical', fault),
  'a broadcast to a room that is not acknowledged in time': (fault, client) =>
    client.nsp.to(client.id).timeout(1).emit('rhetorical', fault),
  'a broadcast that is acknowledged': (fault, client) =>
    client.nsp.to(client.id).timeout(60_000).emit('question', fault),
};

describe.each(['protected', 'public'])(
  'application code beside a client, on a %s server',
  (access) => {
    const rows = Object.entries(besides).flatMap(([name, prepare]) =>
      faults.map(([how, fault]) => [name, how, prepare, fault] as const),
    );

    it.each(rows)('K12d: %s that %s harms no client', async (_name, _how, prepare, fault) => {
      const faulty = vi.fn<() => unknown>(fault);
      @WebSocketGateway()
      class Gateway {
        @WebSocketServer()
        readonly server!: Server;

        handleConnection(client: Socket): void {
          if (faulty.mock.calls.length === 0) {
            prepare(faulty, client, this.server);
          }
        }

        @SubscribeMessage('poke')
        poke(@ConnectedSocket() client: Socket): string {
          client.emit('poked');
          void client.join('room');
          void client.leave('room');
          return 'poked';
        }
      }
      if (access === 'public') {
        WsPublic()(Gateway);
      }
      await using app = await startIo({}, [Gateway]);
      const auth = { token: tokenOf('mallory') };
      const mallory = app.open('websocket', { auth });
      mallory.socket.on('question', (answer: () => void) => answer());
      await mallory.connected();
      expect(await mallory.ask('poke')).toBe('poked');
      await until(() => faulty.mock.calls.length > 0);
      const bob = await app.open('websocket', { auth: { token: tokenOf('bob') } }).connected();
      expect(await bob.ask('poke')).toBe('poked');
      expect(await mallory.ask('poke')).toBe('poked');
      const { server } = app.nest.get(Gateway);
      mallory.socket.disconnect();
      await until(() => server.sockets.sockets.size === 1);
    });
  },
);

const listening: Readonly<Record<string, (server: Server) => unknown>> = {
  'an async listener of connection': (server) => server.on('connection', rejecting),
  'a listener of connection': (server) => server.on('connection', () => fail()),
  'an async middleware of a namespace': (server) => server.use(rejecting),
  'a middleware of a namespace': (server) => server.use(() => fail()),
  'an async middleware of a namespace that has let the client in': (server) =>
    server.use(async (_client, next) => {
      next();
      await Promise.reject(new Error('SECRET'));
    }),
  'a middleware of a namespace behind another one': (server) =>
    server.use((_client, next) => setImmediate(next)).use(() => fail()),
};

describe.each(accesses)('application code of a server, a %s one', (access) => {
  it.each(Object.entries(listening))(
    'K12d: %s that fails refuses the client',
    async (_name, prepare) => {
      @WebSocketGateway()
      class Gateway {
        afterInit(server: Server): void {
          prepare(server);
        }
      }
      await using app = await startIo({}, [withAccess(access, Gateway)]);
      const auth = { token: tokenOf('mallory') };
      for (const client of [app.open('websocket', { auth }), app.open('polling', { auth })]) {
        await Promise.race([client.refused(), client.disconnected()]);
      }
      await until(() => app.sessions.count() === 0 && app.pending === 0);
    },
  );
});

/** Code that decides about a request, or about a namespace, before the client has authenticated. */
const deciding: Readonly<Record<string, (how: () => unknown) => object>> = {
  'a function of a namespace': (how) => ({
    namespace: (_name: string, auth: object) => how.call(auth),
  }),
  'an origin of cors': (origin) => ({ cors: { origin } }),
  'options of cors': (cors) => ({ cors }),
};

describe.each(accesses)('application code that decides, on a %s server', (access) => {
  const rows = Object.entries(deciding).flatMap(([name, options]) =>
    faults.map(([how, fault]) => [name, how, options(fault)] as const),
  );

  it.each(rows)('K12d: %s that %s ends neither the process nor another client', async (...row) => {
    const { namespace, ...options } = row[2] as { readonly namespace?: () => unknown };
    @WebSocketGateway(options)
    class Gateway {
      afterInit(server: Server): void {
        if (namespace) {
          server.of(namespace);
        }
      }
    }
    await using app = await startIo({}, [withAccess(access, Gateway)]);
    const auth = { token: tokenOf('mallory') };
    const target = namespace ? '/made-up' : '/';
    for (const transport of ioTransports) {
      const refused = await app.open(transport, { auth }, target).refused();
      expect(refused.message).toBe(namespace ? 'Invalid namespace' : refused.message);
    }
    await until(() => app.pending === 0 && app.sessions.count() === 0);
  });

  it('LG-01: shows no function of a namespace the token of a client', async () => {
    const shown: unknown[] = [];
    @WebSocketGateway()
    class Gateway {
      afterInit(server: Server): void {
        server.of((_name, payload, next) => {
          shown.push({ ...payload });
          next(null, false);
        });
      }
    }
    await using app = await startIo({}, [Gateway]);
    for (const auth of [{ token: tokenOf('alice'), room: 7 }, {}]) {
      await app.open('websocket', { auth }, '/made-up').refused();
    }
    expect(shown).toEqual([{ token: 'REDACTED', room: 7 }, {}]);
  });

  it('K12d: calls code that is removed from all events no more', async () => {
    const heard: string[] = [];
    const removed = () => heard.push('removed');
    @WebSocketGateway()
    class Gateway {
      handleConnection(client: Socket): void {
        client.onAny(() => heard.push('kept'));
        client.onAny(removed);
        client.offAny(removed);
      }

      @SubscribeMessage('poke')
      poke(): string {
        return 'poked';
      }
    }
    await using app = await startIo({}, [withAccess(access, Gateway)]);
    const client = await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected();
    expect(await client.ask('poke')).toBe('poked');
    expect(heard).toEqual(['kept']);
  });
});

describe.each(accesses)('middleware of a namespace, on a %s server', (access) => {
  it('K12d: keeps a client out that it has refused, whatever it answers afterwards', async () => {
    const connected: Socket[] = [];
    @WebSocketGateway()
    class Gateway {
      afterInit(server: Server): void {
        server.use((_client, next) => {
          next(new Error('not today'));
          next();
        });
      }
      handleConnection(client: Socket): void {
        connected.push(client);
      }
    }
    await using app = await startIo({}, [withAccess(access, Gateway)]);
    const client = app.open('websocket', { auth: { token: tokenOf('alice') } });
    await expect(client.refused()).resolves.toMatchObject({ message: 'not today' });
    await until(() => app.pending === 0);
    expect(connected).toEqual([]);
    expect(client.socket.connected).toBe(false);
  });
});

describe('a renewal with a payload that is nested too deeply', () => {
  it('K6a: is refused', async () => {
    await using app = await startIo({}, [RootGateway]);
    using client = await new RawWebSocket(app.url).opened();
    client.send(`40${JSON.stringify({ token: tokenOf('alice') })}`);
    await client.next('40');
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    client.send(`42["authenticate",{"token":"x","more":${nested}}]`);
    await expect(client.next('42["ended"')).resolves.toContain('3000');
    await client.closed;
  });
});

describe.each(ioTransports)('an id of the engine that is never made, by %s', (transport) => {
  it('K6c: leaves no request without an end, and no slot taken', async () => {
    @WebSocketGateway()
    class Gateway extends IoEcho {
      afterInit(server: Server): void {
        Object.assign(server.engine, { generateId: () => new Promise(() => undefined) });
      }
    }
    await using app = await startIo({ ...fromHeader, authTimeoutMs: patient(300) }, [
      Gateway,
      later,
    ]);
    if (transport === 'polling') {
      expect(await statusOf(app.url, transport, 'alice')).toBe(503);
    } else {
      using socket = new RawWebSocket(app.url, '', { authorization: 'Bearer x' });
      await socket.closed;
    }
    await until(() => app.pending === 0);
  });
});

describe('middleware of a namespace that the application has', () => {
  @WebSocketGateway()
  class Gateway extends IoEcho {
    readonly waiting: (() => void)[] = [];
    afterInit(server: Namespace): void {
      server.use((_socket, next) => void this.waiting.push(next));
    }
  }

  it('K11b: lets no two clients pass a limit of one, however long it takes', async () => {
    await using app = await startIo({ maxSessionsPerUser: 1, onLimit: 'refuse' }, [Gateway]);
    const gateway = app.nest.get(Gateway);
    const auth = { token: tokenOf('alice') };
    const clients = Array.from({ length: 3 }, () => app.open('websocket', { auth }));
    await until(() => gateway.waiting.length === 3);
    gateway.waiting.forEach((next) => next());
    const ends = await Promise.all(
      clients.map((client) =>
        Promise.race([client.connected().then(() => 'connected'), client.refused()]),
      ),
    );
    expect(ends.filter((end) => end === 'connected')).toHaveLength(1);
    expect(ends.filter((end) => end !== 'connected')).toEqual(
      Array.from({ length: 2 }, () => expect.objectContaining({ message: 'too many sessions' })),
    );
    expect(app.sessions.count()).toBe(1);
    expect(gateway.connected).toHaveLength(1);
  });

  it('K9: a token that is revoked while it runs opens no session', async () => {
    await using app = await startIo({}, [Gateway]);
    const gateway = app.nest.get(Gateway);
    const client = app.open('websocket', { auth: { token: tokenOf('alice') } });
    await until(() => gateway.waiting.length === 1);
    await app.sessions.revoke({ userId: 'alice' });
    gateway.waiting[0]!();
    await expect(client.refused()).resolves.toMatchObject({ data: { code: 3000 } });
    expect(gateway.connected).toEqual([]);
    await until(() => app.pending === 0);
  });

  it('K6c: opens no session after the deadline', async () => {
    await using app = await startIo({ authTimeoutMs: patient(300) }, [Gateway]);
    const gateway = app.nest.get(Gateway);
    using client = await new RawWebSocket(app.url).opened();
    client.send(`40${JSON.stringify({ token: tokenOf('alice') })}`);
    await until(() => gateway.waiting.length === 1);
    await client.closed;
    gateway.waiting[0]!();
    expect(app.sessions.count()).toBe(0);
    await until(() => app.pending === 0);
  });
});

describe('a client that joins a public namespace while it is judged for another one', () => {
  it.each([
    ['never decides', undefined],
    ['accepts it', { id: 'alice' }],
    ['refuses it', false],
  ])('K6c: keeps the deadline and the slot of a strategy that %s', async (_name, verdict) => {
    const strategy = new DeferredStrategy();
    @WsPublic()
    @WebSocketGateway({ namespace: 'open' })
    class OpenGateway {}
    await using app = await startIo({ strategy: 'deferred', authTimeoutMs: patient(1_000) }, [
      NewsGateway,
      OpenGateway,
      strategy.provider,
    ]);
    using client = await new RawWebSocket(app.url).opened();
    client.send('40/news,{"token":"a.b.c"}');
    await strategy.asked();
    client.send('40/open,');
    await client.next('40/open');
    expect(app.pending).toBe(1);
    if (verdict !== undefined) {
      strategy.decide(verdict);
    }
    await client.next(verdict ? '40/news' : '44/news');
    await until(() => app.pending === 0);
    // A guest stays.
    client.send('40/open,', '3');
    expect(app.sessions.count()).toBe(verdict ? 1 : 0);
  });
});
