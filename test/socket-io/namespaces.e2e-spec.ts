import { UseGuards, type CanActivate } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Server, Socket } from 'socket.io';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  sessionOf,
  WsAuth,
  WsAuthEvents,
  WsPublic,
} from '../../lib/index.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoApp } from './support/io-app.js';
import { ChatGateway, IoEcho, NewsGateway } from './support/io-gateways.js';
import { until } from './support/until.js';

@WsPublic()
@WebSocketGateway({ namespace: 'lobby' })
class LobbyGateway extends IoEcho {
  override handleConnection(client: Socket): void {
    this.connected.push(client);
    expect(sessionOf(client)).toBeUndefined();
  }

  override whoami(): never {
    throw new Error('a guest has no user');
  }
}

@WebSocketGateway({ namespace: /^\/room-\d+$/ as unknown as string })
class RoomGateway extends IoEcho {
  /** Namespaces that code of the application makes by itself. */
  afterInit(room: Namespace): void {
    const { server } = room as unknown as { readonly server: Server };
    server.of('/made').on('connection', (client: Socket) => {
      client.emit('made', sessionOf(client)?.userId);
    });
    server.of('/unserved');
  }
}

const noop = () => undefined;

const closed = {
  data: { code: 1008, reason: 'not found', error: 'ERR_WS_AUTH_UNKNOWN_PATH' },
};

describe.each(ioTransports)('11: the namespaces of a server, by %s', (transport) => {
  let app: IoApp;
  const auth = { token: tokenOf('alice', { exp: Math.ceil(Date.now() / 1_000) + 3_600 }) };
  beforeAll(async () => {
    app = await startIo({ authTimeoutMs: patient(1_000) }, [
      ChatGateway,
      NewsGateway,
      LobbyGateway,
      RoomGateway,
    ]);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('the root namespace is closed where no gateway is in it', async () => {
    await expect(app.open(transport, { auth }).refused()).resolves.toMatchObject(closed);
  });

  it('K8: a closed one is named, once for each client that asks for it', async () => {
    const refused: object[] = [];
    const stop = app.nest.get(WsAuthEvents).on('refused', (event) => refused.push(event));
    await app.open(transport, { auth }).refused();
    stop();
    expect(refused).toMatchObject([
      { code: 'ERR_WS_AUTH_UNKNOWN_PATH', namespace: '/', diagnosis: { check: 'path' } },
    ]);
  });

  it('an unknown namespace is refused', async () => {
    const client = app.open(transport, { auth }, '/nothing');
    await expect(client.refused()).resolves.toEqual({ message: 'Invalid namespace' });
  });

  it('a namespace that matches a pattern is gated', async () => {
    const guest = app.open(transport, {}, '/room-1');
    await expect(guest.refused()).resolves.toMatchObject({ data: { code: 3000 } });
    const client = await app.open(transport, { auth }, '/room-1').connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({ user: 'alice', same: true });
    const another = app.open(transport, {}, '/room-2');
    await expect(another.refused()).resolves.toMatchObject({ data: { code: 3000 } });
  });

  it('a namespace that the application has made is gated, and closed without a listener', async () => {
    const guest = app.open(transport, {}, '/made');
    await expect(guest.refused()).resolves.toMatchObject({ data: { code: 3000 } });
    const client = await app.open(transport, { auth }, '/made').connected();
    await expect(client.next('made')).resolves.toEqual(['alice']);
    const unserved = app.open(transport, { auth }, '/unserved');
    await expect(unserved.refused()).resolves.toMatchObject(closed);
  });

  it('a public one is open beside protected ones, on the same connection', async () => {
    const guest = await app.open(transport, {}, '/lobby').connected();
    await expect(guest.ask('echo', 'hello')).resolves.toBe('hello');
    const chat = app.also(guest, '/chat', {});
    await expect(chat.refused()).resolves.toMatchObject({ data: { code: 3000 } });
    await expect(guest.ask('echo', 'still here')).resolves.toBe('still here');
    const news = await app.also(guest, '/news', auth).connected();
    await expect(news.ask('whoami')).resolves.toMatchObject({ user: 'alice' });
  });

  it('a guest of a public one is not a pending connection, and has no deadline', async () => {
    await until(
      () => app.pending === 0,
      () => app.pending,
    );
    const guest = await app.open(transport, {}, '/lobby').connected();
    expect(app.pending).toBe(0);
    const chat = app.also(guest, '/chat', { token: 'forged' });
    await expect(chat.refused()).resolves.toMatchObject({ data: { code: 3000 } });
    await until(
      () => app.pending === 0,
      () => app.pending,
    );
    await expect(guest.ask('echo', 1)).resolves.toBe(1);
  });
});

describe.each(ioTransports)('events and log lines name the namespace, by %s', (transport) => {
  const deny: CanActivate = { canActivate: () => false };

  @WebSocketGateway({ namespace: 'admin' })
  class AdminGateway extends IoEcho {
    @UseGuards(deny)
    override handleConnection(client: Socket): void {
      super.handleConnection(client);
    }
  }

  it('that a client has joined, that has refused it, or whose guard has', async () => {
    const lines: string[] = [];
    const logger = { log: () => undefined, error: () => undefined, warn: () => undefined };
    const debug = (line: string) => lines.push(line);
    await using app = await startIo({}, [ChatGateway, RoomGateway, AdminGateway], {
      logger: { ...logger, debug },
    });
    const events = app.nest.get(WsAuthEvents);
    const seen: unknown[] = [];
    events.on('authenticating', ({ namespace }) => seen.push(['authenticating', namespace]));
    events.on('authenticated', ({ namespace }) => seen.push(['authenticated', namespace]));
    events.on('refused', ({ namespace, phase }) => seen.push(['refused', phase, namespace]));
    const token = tokenOf('alice');
    await app.open(transport, { auth: { token } }, '/chat').connected();
    await app.open(transport, { auth: { token: 'forged' } }, '/room-1').refused();
    await app.open(transport, { auth: { token } }, '/admin').ended();
    expect(seen).toEqual([
      ['authenticating', undefined],
      ['authenticated', '/chat'],
      ['authenticating', undefined],
      ['refused', 'message', '/room-1'],
      ['authenticating', undefined],
      ['authenticated', '/admin'],
      ['refused', 'message', '/admin'],
    ]);
    const refusals = lines.filter((line) => line.startsWith('refused'));
    expect(refusals).toEqual([
      expect.stringMatching(/phase=message path=\/socket\.io\/ namespace=\/room-1 address=/),
      expect.stringMatching(/phase=message path=\/socket\.io\/ namespace=\/admin address=/),
    ]);
  });
});

describe('gateways of one server', () => {
  it('may not demand different things in one namespace', async () => {
    @WsPublic()
    @WebSocketGateway({ namespace: 'chat' })
    class Open extends IoEcho {}
    await expect(startIo({}, [ChatGateway, Open])).rejects.toThrow(/share a server and demand/);
  });

  it('may not have different policies in different namespaces', async () => {
    @WsAuth({ credentials: [fromAuthorizationHeader()] })
    @WebSocketGateway({ namespace: 'strict' })
    class Strict extends IoEcho {}
    await expect(startIo({}, [ChatGateway, Strict])).rejects.toThrow(/share a server and demand/);
  });

  it('that are all public make a server as IoAdapter does', async () => {
    await using app = await startIo({}, [LobbyGateway]);
    const guest = await app.open('websocket', {}, '/lobby').connected();
    await expect(guest.ask('echo', 1)).resolves.toBe(1);
  });

  it('K3a: that are all public open no namespace but their own', async () => {
    @WsPublic()
    @WebSocketGateway({ namespace: /^\/open-\d+$/ as unknown as string })
    class OpenGateway extends RoomGateway {
      override handleConnection(client: Socket): void {
        this.connected.push(client);
      }

      override afterInit(room: Namespace): void {
        super.afterInit(room);
        const { server } = room as unknown as { readonly server: Server };
        server.of(/^\/pattern-\d+$/).on('connection', (client) => client.emit('made'));
      }
    }
    const lines: string[] = [];
    const error = (line: unknown) => void lines.push(String(line));
    const logger = { log: noop, warn: noop, debug: noop, error };
    await using app = await startIo({}, [LobbyGateway, OpenGateway], { logger });
    for (const namespace of ['/lobby', '/open-1']) {
      const guest = await app.open('websocket', {}, namespace).connected();
      await expect(guest.ask('echo', 1)).resolves.toBe(1);
    }
    const auth = { token: tokenOf('alice') };
    for (const namespace of ['/', '/made', '/unserved', '/pattern-1']) {
      const client = app.open('websocket', { auth }, namespace);
      await expect(client.refused()).resolves.toMatchObject(closed);
    }
    expect(lines).toEqual([
      expect.stringMatching(/^the namespace \/made is closed: .* @WsPublic\(\)$/),
    ]);
  });
});
