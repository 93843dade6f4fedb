import { createServer, type Server as HttpServer } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { WebSocketGateway } from '@nestjs/websockets';
import { Server, type Socket } from 'socket.io';
import { WebSocketServer, type WebSocket } from 'ws';
import { afterEach, describe, expect, it } from 'vitest';
import { fromAuthorizationHeader, fromFirstMessage } from '../../lib/index.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { tokenOf } from '../support/tokens.js';
import { startIo, ioTransports } from './support/io-app.js';
import { openIo } from './support/io-client.js';
import { ChatGateway, IoEcho, RootGateway } from './support/io-gateways.js';
import { ask, RawPolling, RawWebSocket } from './support/raw-io.js';
import { until } from './support/until.js';

/** What stands in front of stock Socket.IO in most applications: a check of the token in a middleware. */
async function startStock(prepare: (io: Server) => void = () => undefined, options: object = {}) {
  const http: HttpServer = createServer();
  const io = new Server(http, options);
  prepare(io);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  stopped.push(() => io.close());
  return { io, url: `http://127.0.0.1:${port}` };
}

const stopped: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stopped.splice(0)) {
    await stop();
  }
});

const connectPacket = `40${JSON.stringify({ token: tokenOf('mallory') })}`;

/** The request that opens a connection. */
const openings = {
  polling: 'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n',
  websocket:
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
};

/** Opens a connection with a token, and resets it when the check has begun. */
async function reset(port: number, opening: string, begun: Promise<unknown>): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`${opening}Authorization: Bearer x.y.z\r\n\r\n`);
  await begun;
  socket.resetAndDestroy();
  await once(socket, 'close');
}

describe('9: a TCP reset while an asynchronous check runs', () => {
  const stock = `
    const { createServer } = require('node:http');
    const { Server } = require('socket.io');
    const { parentPort } = require('node:worker_threads');
    const http = createServer();
    new Server(http, { allowRequest: () => parentPort.postMessage('asked') });
    http.listen(0, '127.0.0.1', () => parentPort.postMessage(http.address().port));
  `;

  it('ends the process of a stock server', async () => {
    const worker = new Worker(stock, { eval: true });
    const failed = once(worker, 'error');
    const [port] = (await once(worker, 'message')) as [number];
    const asked = once(worker, 'message');
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${openings.websocket}\r\n`);
    await asked;
    socket.resetAndDestroy();
    const [error] = (await failed) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    await worker.terminate();
  });

  it.each(ioTransports)(
    'is nothing to ours, and leaves nothing behind, by %s',
    async (transport) => {
      const strategy = new DeferredStrategy();
      await using app = await startIo({ strategy: 'deferred' }, [RootGateway, strategy.provider]);
      const begun = strategy.asked(300);
      await Promise.all(
        Array.from({ length: 300 }, () => reset(app.port, openings[transport], begun)),
      );
      while (strategy.waiting > 0) {
        strategy.decide(false);
      }
      await until(
        () => app.pending === 0,
        () => app.pending,
      );
      const { engine } = app.nest.get(RootGateway).server;
      expect((engine as unknown as { clientsCount: number }).clientsCount).toBe(0);
    },
  );
});

describe('10: connection state recovery', () => {
  it('hands out what was missed to a client without a token, on a stock server', async () => {
    const { io, url } = await startStock(
      (server) =>
        server.use((socket, next) =>
          next(socket.handshake.auth['token'] === 'good' ? undefined : new Error('no')),
        ),
      { connectionStateRecovery: {} },
    );
    const client = await openIo(url, {
      auth: { token: 'good' },
      transports: ['websocket'],
    }).connected();
    io.emit('first', 1);
    await client.next('first');
    const { _pid: pid, _lastOffset: offset } = client.socket as unknown as Record<string, string>;
    client.socket.io.engine.close();
    await client.disconnected();
    io.emit('secret', 'while away');
    using thief = await new RawWebSocket(url).opened();
    thief.send(`40${JSON.stringify({ pid, offset })}`);
    await expect(thief.next('42["secret"')).resolves.toContain('while away');
  });

  it('refuses to boot with ours', async () => {
    @WebSocketGateway({ connectionStateRecovery: {} } as object)
    class Recovering {}
    await expect(startIo({}, [Recovering])).rejects.toThrow(/^connectionStateRecovery: /);
  });
});

describe('the root namespace', () => {
  it('is open to everyone on a stock server whose check is in another namespace', async () => {
    const { url } = await startStock((io) =>
      io.of('/chat').use((_socket, next) => next(new Error('no'))),
    );
    await openIo(url, { transports: ['websocket'] }).connected();
  });

  it('is closed on ours', async () => {
    await using app = await startIo({}, [ChatGateway]);
    await expect(app.open('websocket').refused()).resolves.toMatchObject({ data: { code: 1008 } });
  });
});

describe('3: repeated CONNECT packets', () => {
  it('run the check of a stock server each', async () => {
    let runs = 0;
    const { url } = await startStock((io) => io.use(() => (runs += 1)));
    using client = await new RawWebSocket(url).opened();
    client.send(...Array.from({ length: 200 }, () => connectPacket));
    await until(
      () => runs === 200,
      () => runs,
    );
  });

  it('run one strategy of ours', async () => {
    const strategy = new DeferredStrategy();
    await using app = await startIo({ strategy: 'deferred' }, [RootGateway, strategy.provider]);
    const client = await RawPolling.open(app.url);
    const sent = client.send(Array.from({ length: 60 }, () => connectPacket.slice(1)));
    await expect(sent).resolves.toMatchObject({ status: 200 });
    await strategy.asked();
    expect(strategy.waiting).toBe(1);
    strategy.decide({ id: 'mallory' });
    const packets = await client.packets();
    expect(packets.filter((packet) => packet.startsWith('40'))).toHaveLength(1);
    expect(app.sessions.count()).toBe(1);
    expect(strategy.waiting).toBe(0);
  });
});

const attachments = (size: number) => [
  `4510-["x",${Array.from({ length: 10 }, (_, num) => `{"_placeholder":true,"num":${num}}`).join()}]`,
  ...Array.from({ length: 9 }, () => Buffer.alloc(size)),
];

/** Hides a private field of `ws`. */
const get = (client: WebSocket, name: string | symbol): unknown => {
  const value: unknown = name === '_receiver' ? undefined : Reflect.get(client, name, client);
  return typeof value === 'function' ? value.bind(client) : value;
};

/** A copy of `ws` whose private fields have other names. */
class UnknownWs extends WebSocketServer {
  override handleUpgrade(
    ...[request, socket, head, onClient]: Parameters<WebSocketServer['handleUpgrade']>
  ): void {
    super.handleUpgrade(request, socket, head, (client) =>
      onClient(new Proxy(client, { get }), request),
    );
  }
}

describe('memory before authentication', () => {
  it('is 9 MB a client on a stock server', async () => {
    const { io, url } = await startStock();
    using client = await new RawWebSocket(url).opened();
    client.send(...attachments(1_000_000));
    const received = () => {
      const [socket] = Object.values(
        (
          io.engine as unknown as {
            clients: Record<string, { transport: { socket: { _socket: { bytesRead: number } } } }>;
          }
        ).clients,
      );
      return socket?.transport.socket._socket.bytesRead ?? 0;
    };
    await until(() => received() > 9_000_000, received);
  });

  it('is a few credentials on ours, over WebSockets', async () => {
    await using app = await startIo({}, [RootGateway]);
    using large = await new RawWebSocket(app.url).opened();
    large.send(`40${'x'.repeat(100_000)}`);
    await expect(large.closed).resolves.toBe(1009);
    using binary = await new RawWebSocket(app.url).opened();
    binary.send(...attachments(1_000));
    await binary.closed;
  });

  it('is a few credentials on ours, in polling', async () => {
    await using app = await startIo({}, [RootGateway]);
    const client = await RawPolling.open(app.url);
    await expect(client.send([`0${'x'.repeat(100_000)}`])).resolves.toMatchObject({ status: 413 });
  });

  it('is a few credentials on ours while a polling client changes to a WebSocket', async () => {
    await using app = await startIo({}, [RootGateway]);
    const { sid } = await RawPolling.open(app.url);
    using probe = await new RawWebSocket(app.url, `&sid=${sid}`).opened();
    probe.send('2probe', `40${'x'.repeat(100_000)}`);
    await expect(probe.closed).resolves.toBe(1009);
  });

  it('K12a: is a few credentials on ours where the bound of ws is unknown', async () => {
    @WebSocketGateway({ wsEngine: UnknownWs })
    class Gateway extends IoEcho {}
    await using app = await startIo({}, [Gateway]);
    using large = await new RawWebSocket(app.url).opened();
    large.send(`40${'x'.repeat(100_000)}`);
    await large.closed;
    using good = await new RawWebSocket(app.url).opened();
    good.send(connectPacket);
    await good.next('40');
    good.send(`42["echo",${JSON.stringify('x'.repeat(100_000))}]`);
    await until(() => app.nest.get(Gateway).handled.length === 1);
    const { sid } = await RawPolling.open(app.url);
    using probe = await new RawWebSocket(app.url, `&sid=${sid}`).opened();
    probe.send('2probe');
    await probe.closed;
    expect(probe.received).toEqual([]);
  });

  it('is that of the gateway once there is a session', async () => {
    await using app = await startIo({}, [RootGateway]);
    for (const transport of ioTransports) {
      const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
      const text = 'x'.repeat(200_000);
      await expect(client.ask('echo', text)).resolves.toBe(text);
    }
  });
});

describe('the sid', () => {
  it('runs a handler as the victim on a stock server, from any page', async () => {
    const handled: unknown[] = [];
    const { url } = await startStock((io) =>
      io.on('connection', (socket: Socket) => socket.on('pay', (sum) => handled.push(sum))),
    );
    const victim = await RawPolling.open(url);
    await victim.send(['0']);
    await ask(`${victim.url}&sid=${victim.sid}`, {
      method: 'POST',
      body: '42["pay",100]',
      headers: { Origin: 'http://evil.test' },
    });
    expect(handled).toEqual([100]);
  });

  it('runs none on ours', async () => {
    await using app = await startIo(
      { credentials: [fromAuthorizationHeader(), fromFirstMessage()] },
      [RootGateway],
    );
    const victim = await RawPolling.open(app.url);
    await victim.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    const stolen = await ask(`${victim.url}&sid=${victim.sid}`, {
      method: 'POST',
      body: '42["echo","stolen"]',
      headers: { Origin: 'http://evil.test' },
    });
    expect(stolen.status).toBe(403);
    expect(app.nest.get(RootGateway).handled).toEqual([]);
  });
});
