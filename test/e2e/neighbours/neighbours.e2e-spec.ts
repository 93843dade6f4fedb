import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { INestApplication, Provider } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { Server as SocketIoServer, type ServerOptions } from 'socket.io';
import { io } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { WsAuthModule } from '../../../lib/index.js';
import { startApp, type TestApp } from '../../support/app.js';
import { useFakeTimers } from '../../support/clocks.js';
import { EchoGateway } from '../../support/gateways.js';
import { bearerOf, customStrategy, JwtStrategy } from '../../support/strategies.js';
import { bearer, tokenOf } from '../../support/tokens.js';
import { serveGraphql, serveGraphqlByPrefix, subscription } from './graphql.js';

@WebSocketGateway({ path: '/chat' })
class ChatGateway extends EchoGateway {}

@WebSocketGateway({ path: '/graphql/live' })
class LiveGateway extends EchoGateway {}

type Attach = (server: Server) => unknown;
type Order = 'before' | 'after';

const orders: Order[] = ['before', 'after'];

/** An application on whose HTTP server another library listens, which came before us or after us. */
async function startWith(
  order: Order,
  attach: Attach,
  providers: Provider[] = [],
): Promise<TestApp> {
  const attachTo = (nest: INestApplication) => attach(nest.getHttpServer());
  const app = await startApp(
    {
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, ChatGateway, LiveGateway, ...providers],
    },
    (nest) => (order === 'before' ? attachTo(nest) : undefined),
  );
  if (order === 'after') {
    attachTo(app.nest);
  }
  return app;
}

/** Our gateway accepts, refuses and defers as it does alone. */
async function expectProtected(app: TestApp, path: string): Promise<void> {
  const byHeader = await app.connect(path, bearer()).opened();
  expect(await byHeader.ask('whoami')).toEqual({
    user: 'alice',
    via: 'fromAuthorizationHeader',
  });
  const refusal = await app.connect(path, { headers: { authorization: 'Bearer wrong' } }).refusal();
  expect(refusal).toMatchObject({ status: 401, body: 'credential rejected\n' });
  const byMessage = await app.connect(path).opened();
  byMessage.emit('authenticate', { token: tokenOf('bob') });
  expect(await byMessage.nextEvent()).toMatchObject({ event: 'authenticated' });
  expect(await byMessage.ask('whoami')).toEqual({ user: 'bob', via: 'fromFirstMessage' });
}

const counted = [{ count: 'one' }, { count: 'two' }, { count: 'three' }];

describe.each(orders)('a graphql-ws server that came %s us', (order) => {
  it('serves its subscriptions on its path, and we protect ours', async () => {
    await using app = await startWith(order, (server) => serveGraphql(server, '/graphql'));
    await expectProtected(app, '/chat');
    expect(await subscription(app.url('/graphql'))).toEqual(counted);
    expect((await app.connect('/nobody').refusal()).status).toBe(400);
  });

  it('does not get what is ours, even if it takes whatever starts like its path', async () => {
    await using app = await startWith(order, (server) => serveGraphqlByPrefix(server, '/graphql'));
    await expectProtected(app, '/graphql/live');
    expect(await subscription(app.url('/graphql'))).toEqual(counted);
  });
});

/** A Socket.IO server that greets every client. */
function serveSocketIo(server: Server, options: Partial<ServerOptions> = {}): SocketIoServer {
  const greeter = new SocketIoServer(server, options);
  greeter.on('connection', (client) => client.emit('welcome', client.conn.transport.name));
  return greeter;
}

async function welcome(app: TestApp, transports: string[]): Promise<unknown> {
  const client = io(app.origin, { transports, reconnection: false });
  try {
    return await new Promise((resolve, reject) => {
      client.on('welcome', resolve);
      client.on('connect_error', reject);
    });
  } finally {
    client.disconnect();
  }
}

describe.each(orders)('a Socket.IO server that came %s us', (order) => {
  it('serves its clients by either transport, and we protect ours', async () => {
    await using app = await startWith(order, serveSocketIo);
    await expectProtected(app, '/chat');
    expect(await welcome(app, ['websocket'])).toBe('websocket');
    expect(await welcome(app, ['polling'])).toBe('polling');
  });

  it('does not destroy an upgrade while a strategy decides, as it destroys unclaimed ones', async () => {
    let decide!: () => void;
    const decided = new Promise<void>((resolve) => (decide = resolve));
    let ask!: () => void;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const thoughtful = customStrategy('jwt', async (request) => {
      ask();
      await decided;
      return bearerOf(request) === 'slow' && { id: 'carol' };
    });
    await using app = await startWith(
      order,
      (server) => serveSocketIo(server, { destroyUpgradeTimeout: 1 }),
      [thoughtful],
    );
    const client = app.connect('/chat', { headers: { authorization: 'Bearer slow' } });
    await asked;
    await endOfUpgradeTo(app, '/nobody');
    decide();
    await client.opened();
    expect(await client.ask('whoami')).toMatchObject({ user: 'carol' });
  });
});

describe('a listener of upgrades that takes whatever comes', () => {
  it.each(orders)(
    'that was attached %s the adapter receives none of its upgrades',
    async (order) => {
      const told: unknown[] = [];
      await using app = await startWith(order, (server) => {
        const greedy = new WebSocketServer({ noServer: true });
        server.on('upgrade', (request, socket, head) => {
          told.push(request.url);
          greedy.handleUpgrade(request, socket, head, (client) => client.send('theirs'));
        });
      });
      await expectProtected(app, '/chat');
      const theirs = await app.connect('/theirs').opened();
      expect(await theirs.next()).toBe('theirs');
      expect(told).toEqual(['/theirs']);
    },
  );

  it('receives all upgrades again when the application has closed', async () => {
    const app = await startWith('before', () => undefined);
    const server: Server = app.nest.getHttpServer();
    expect(Object.hasOwn(server, 'emit')).toBe(true);
    await app[Symbol.asyncDispose]();
    expect(Object.hasOwn(server, 'emit')).toBe(false);
  });
});

it('answers 404 while no other listener exists, and leaves unknown paths to one that does', async () => {
  await using app = await startWith('before', () => undefined);
  expect(await app.connect('/nobody').refusal()).toMatchObject({
    status: 404,
    body: 'not found\n',
  });
  const server: Server = app.nest.getHttpServer();
  server.on('upgrade', (_request, socket: Socket) => socket.end('HTTP/1.1 418 Theirs\r\n\r\n'));
  expect((await app.connect('/nobody').refusal()).status).toBe(418);
});

/** What other listeners do to an upgrade, besides those that ignore it. */
const neighbours: Readonly<Record<string, Attach | undefined>> = {
  'ignores it': (server) => server.on('upgrade', () => undefined),
  'has answered and is silent': (server) =>
    server.on('upgrade', (_request, socket: Socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    }),
  'reads it and has yet to answer': (server) =>
    server.on('upgrade', (_request, socket: Socket) => void socket.on('data', () => undefined)),
};

const connections = ['a new connection', 'one that has been answered before'];

it.each(
  Object.entries(neighbours).flatMap(([name, attach]) =>
    connections.map((connection) => [connection, name, attach] as const),
  ),
)(
  'K8j: an upgrade to a path of no server, on %s, is refused after a while, unless another listener %s',
  async (connection, name, attach) => {
    await using app = await startWith('before', attach!);
    const server: Server = app.nest.getHttpServer();
    const socket = connect(app.port, '127.0.0.1');
    if (connection !== connections[0]) {
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
    }
    useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const arrived = once(server, 'upgrade');
    socket.write(upgradeTo('/chta'));
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    await arrived;
    vi.advanceTimersByTime(9_999);
    const theirs = name === 'has answered and is silent' ? 'HTTP/1.1 101' : '';
    await once(connect(app.port, '127.0.0.1').end(), 'close');
    expect(answer.slice(0, 12)).toBe(theirs);
    vi.advanceTimersByTime(1);
    await (name === 'ignores it'
      ? once(socket, 'close')
      : once(connect(app.port, '127.0.0.1').end(), 'close'));
    expect(answer.slice(0, 12)).toBe(name === 'ignores it' ? 'HTTP/1.1 404' : theirs);
    socket.destroy();
  },
);

function upgradeTo(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  );
}

/** Resolves when the server has ended an upgrade without a word. */
async function endOfUpgradeTo(app: TestApp, path: string): Promise<void> {
  const socket = connect(app.port, '127.0.0.1');
  socket.write(upgradeTo(path));
  socket.resume();
  await once(socket, 'end');
  socket.end();
}
