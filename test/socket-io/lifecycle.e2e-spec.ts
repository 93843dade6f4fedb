import { Inject, Scope, UseGuards, type CanActivate } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { Observable } from 'rxjs';
import type { Socket } from 'socket.io';
import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader, fromFirstMessage, userOf } from '../../lib/index.js';
import { nestDoes } from '../support/nest-11.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';
import { ioTransports, startIo } from './support/io-app.js';
import { openIo } from './support/io-client.js';
import { ChatGateway, IoEcho, NewsGateway, RootGateway } from './support/io-gateways.js';
import { RawPolling, RawWebSocket } from './support/raw-io.js';
import { until } from './support/until.js';

const clientsOf = (gateway: IoEcho) =>
  (gateway.server.engine as unknown as { clientsCount: number }).clientsCount;

describe('4: a client that never joins a namespace', () => {
  it('is closed at the deadline, in polling without an open poll too, and leaves nothing', async () => {
    await using app = await startIo({ authTimeoutMs: patient(300) }, [RootGateway]);
    const polling = await RawPolling.open(app.url);
    using websocket = await new RawWebSocket(app.url).opened();
    await expect(websocket.next('44')).resolves.toContain('authentication timed out');
    await websocket.closed;
    await until(() => clientsOf(app.nest.get(RootGateway)) === 0);
    await expect(polling.poll()).resolves.toMatchObject({ status: 400 });
    expect(app.pending).toBe(0);
  });

  it('that was authenticated by its header is closed as well, and has no session', async () => {
    await using app = await startIo({ authTimeoutMs: patient(300) }, [RootGateway]);
    const headers = { Authorization: `Bearer ${tokenOf('alice')}` };
    await RawPolling.open(app.url, { headers });
    await until(() => clientsOf(app.nest.get(RootGateway)) === 0);
    expect(app.sessions.count()).toBe(0);
    expect(app.pending).toBe(0);
  });
});

describe.each(ioTransports)('a client that leaves every namespace, by %s', (transport) => {
  it('does not keep its connection for ever', async () => {
    await using app = await startIo({ authTimeoutMs: patient(300) }, [RootGateway]);
    const gateway = app.nest.get(RootGateway);
    if (transport === 'polling') {
      const client = await RawPolling.open(app.url);
      await client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
      await until(() => gateway.connected.length === 1);
      await client.send(['1']);
    } else {
      const client = await new RawWebSocket(app.url).opened();
      client.send(`40${JSON.stringify({ token: tokenOf('alice') })}`);
      await client.next('40');
      client.send('41');
    }
    await until(() => gateway.disconnected.length === 1);
    await until(() => clientsOf(gateway) === 0);
    expect(app.sessions.count()).toBe(0);
  });
});

describe.each(ioTransports)('15: an application that closes, by %s', (transport) => {
  it('ends sessions with 1001, and its clients come back to the next one', async () => {
    const auth = { token: tokenOf('alice') };
    const app = await startIo({}, [RootGateway]);
    const { port } = app;
    const client = await openIo(app.url, {
      auth,
      transports: [transport],
      reconnection: true,
      reconnectionDelay: 10,
      reconnectionDelayMax: 50,
    }).connected();
    await app.nest.close();
    await expect(client.ended()).resolves.toEqual({ code: 1001, reason: 'server shutting down' });
    await expect(client.disconnected()).resolves.toBe('transport close');
    await using next = await startIo({}, [RootGateway], { port });
    await client.connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({ user: 'alice' });
    expect(next.sessions.count()).toBe(1);
    client[Symbol.dispose]();
  });
});

describe('the hooks of a gateway', () => {
  const deny: CanActivate = {
    canActivate: (context) => {
      const client = context.switchToWs().getClient<Socket>();
      return userOf<{ readonly id: string }>(client).id !== 'guest';
    },
  };

  @WebSocketGateway({ namespace: 'admin' })
  class AdminGateway extends IoEcho {
    @UseGuards(deny)
    override handleConnection(client: Socket): void {
      super.handleConnection(client);
    }
  }

  @WebSocketGateway({ namespace: 'slow' })
  class SlowGateway extends IoEcho {
    release: () => void = () => undefined;
    override async handleConnection(client: Socket): Promise<void> {
      super.handleConnection(client);
      await client.timeout(5_000).emitWithAck('hello');
      await new Promise<void>((resolve) => (this.release = resolve));
      this.handled.push('connected');
    }
  }

  it.each(ioTransports)(
    'a guard refuses one namespace, and not the connection, by %s',
    async (transport) => {
      await using app = await startIo({}, [ChatGateway, AdminGateway]);
      const token = tokenOf('guest');
      const chat = await app.open(transport, { auth: { token } }, '/chat').connected();
      const admin = await app.also(chat, '/admin', { token }).connected();
      await expect(admin.ended()).resolves.toEqual({ code: 3003, reason: 'not permitted' });
      await expect(admin.disconnected()).resolves.toBe('io server disconnect');
      await expect(chat.ask('whoami')).resolves.toMatchObject({ user: 'guest' });
      expect(app.nest.get(AdminGateway).connected).toEqual([]);
    },
  );

  it.each(ioTransports)(
    'events wait for handleConnection, and acknowledgements do not, by %s',
    async (transport) => {
      await using app = await startIo({}, [SlowGateway]);
      const gateway = app.nest.get(SlowGateway);
      const client = app.open(transport, { auth: { token: tokenOf('alice') } }, '/slow');
      let greeted = false;
      client.socket.on('hello', (acknowledge: () => void) => {
        greeted = true;
        acknowledge();
      });
      client.socket.emit('echo', 1);
      client.socket.emit('echo', 2);
      await until(() => greeted);
      const { release } = gateway;
      await until(() => gateway.release !== release || gateway.handled.length > 0);
      expect(gateway.handled).toEqual([]);
      gateway.release();
      await until(() => gateway.handled.length === 3);
      expect(gateway.handled).toEqual(['connected', 1, 2]);
    },
  );

  it.runIf(nestDoes.createScopedGateways).each(ioTransports)(
    'events of another gateway wait while Nest makes a request-scoped one, by %s',
    async (transport) => {
      const seen: string[] = [];
      const maker = new EventEmitter();
      const slow = {
        provide: 'slow',
        scope: Scope.REQUEST,
        useFactory: () => once(maker, 'made'),
      };
      @WebSocketGateway({ namespace: 'scoped' })
      class ScopedGateway {
        constructor(@Inject('slow') readonly dependency: unknown) {}
        handleConnection(): void {
          seen.push('connected');
        }
      }
      @WebSocketGateway({ namespace: 'scoped' })
      class OtherGateway {
        @SubscribeMessage('echo')
        echo(): void {
          seen.push('handled');
        }
      }
      await using app = await startIo({}, [slow, ScopedGateway, OtherGateway]);
      const client = app.open(transport, { auth: { token: tokenOf('alice') } }, '/scoped');
      await client.connected();
      client.socket.emit('echo');
      await turns(100);
      expect(seen).toEqual([]);
      maker.emit('made');
      await until(() => seen.length === 2);
      expect(seen).toEqual(['connected', 'handled']);
    },
  );
});

it('a client is closed that sends tens of thousands of small events while handleConnection runs', async () => {
  @WebSocketGateway()
  class WaitingGateway extends IoEcho {
    release: () => void = () => undefined;
    override async handleConnection(client: Socket): Promise<void> {
      super.handleConnection(client);
      await new Promise<void>((resolve) => (this.release = resolve));
    }
  }
  await using app = await startIo({}, [WaitingGateway]);
  using client = await new RawWebSocket(app.url).opened();
  client.send(`40${JSON.stringify({ token: tokenOf('alice') })}`);
  await client.next('40');
  client.send(...Array.from({ length: 20_000 }, () => '42[0]'));
  await client.closed;
  app.nest.get(WaitingGateway).release();
  expect(app.sessions.count()).toBe(0);
});

it('a stream of handleConnection does not begin when its client has left', async () => {
  let isSubscribed = false;
  let isLeft = false;
  const events = new EventEmitter();
  const released = once(events, 'released');
  @WebSocketGateway()
  class StreamingGateway extends IoEcho {
    @UseGuards({ canActivate: () => true })
    override async handleConnection(client: Socket): Promise<void> {
      super.handleConnection(client);
      client.once('disconnect', () => (isLeft = true));
      await released;
      return new Observable(() => void (isSubscribed = true)) as never;
    }
  }
  await using app = await startIo({ awaitConnection: false }, [StreamingGateway]);
  const client = await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected();
  const gateway = app.nest.get(StreamingGateway);
  await until(() => gateway.connected.length === 1);
  client.socket.close();
  await until(() => isLeft);
  events.emit('released');
  await turns(100);
  expect(isSubscribed).toBe(false);
});

describe('a client that reads too slowly', () => {
  it.each(ioTransports)('is terminated, by %s', async (transport) => {
    await using app = await startIo({ maxBufferedBytes: 100_000 }, [RootGateway]);
    const gateway = app.nest.get(RootGateway);
    if (transport === 'polling') {
      const client = await RawPolling.open(app.url);
      await client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    } else {
      const client = await new RawWebSocket(app.url).opened();
      client.send(`40${JSON.stringify({ token: tokenOf('alice') })}`);
      await client.next('40');
    }
    await until(() => gateway.connected.length === 1);
    const text = 'x'.repeat(50_000);
    for (let each = 0; each < 8; each += 1) {
      gateway.server.emit('news', text);
    }
    await until(() => app.sessions.count() === 0);
  });

  it('is terminated, however small the packets are that it does not poll', async () => {
    await using app = await startIo({ maxBufferedBytes: 100_000 }, [RootGateway]);
    const gateway = app.nest.get(RootGateway);
    const client = await RawPolling.open(app.url);
    await client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    await until(() => gateway.connected.length === 1);
    for (let each = 0; each < 5_000; each += 1) {
      gateway.server.emit('');
    }
    await until(() => app.sessions.count() === 0);
  });

  it.each(ioTransports)(
    'one that reads is not, whatever it receives in all, by %s',
    async (transport) => {
      await using app = await startIo({ maxBufferedBytes: 100_000 }, [RootGateway]);
      const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
      const text = 'x'.repeat(60_000);
      for (let each = 0; each < 10; each += 1) {
        await expect(client.ask('echo', text)).resolves.toBe(text);
      }
      const large = 'x'.repeat(300_000);
      await expect(client.ask('echo', large)).resolves.toBe(large);
      await expect(client.ask('echo', text)).resolves.toBe(text);
    },
  );
});

describe.each(ioTransports)(
  'what middleware puts into an AsyncLocalStorage, by %s',
  (transport) => {
    it('is there in handleConnection and in handlers', async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      @WebSocketGateway()
      class Gateway extends IoEcho {
        override handleConnection(client: Socket): void {
          super.handleConnection(client);
          seen.push(storage.getStore());
        }
        @SubscribeMessage('stored')
        stored() {
          seen.push(storage.getStore());
          return true;
        }
      }
      await using app = await startIo(
        { middleware: [(_request, _response, next) => storage.run('context', next)] },
        [Gateway],
      );
      const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
      await client.ask('stored');
      expect(seen).toEqual(['context', 'context']);
    });
  },
);

describe.each(ioTransports)('on Fastify, by %s', (transport) => {
  it('gateways are protected as on Express', async () => {
    await using app = await startIo(
      { credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] }), fromFirstMessage()] },
      [RootGateway, NewsGateway],
      { httpAdapter: new FastifyAdapter() },
    );
    await expect(app.open(transport).refused()).resolves.toMatchObject({ data: { code: 3000 } });
    const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({ user: 'alice' });
  });
});
