import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { WebSocketGateway } from '@nestjs/websockets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  WsAuth,
  WsAuthHealth,
  WsAuthModule,
  WsPublic,
} from '../../lib/index.js';
import { freePort } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { handshakeOf, fieldOf, until } from '../support/invariants.js';
import { RawPeer } from '../support/raw-peer.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

const bridgePath = '/bridge';
const goingAway = { code: 1001, reason: 'server shutting down' };
const bearer = { authorization: `Bearer ${tokenOf('alice')}` };
/** Every kind of path that an upgrade may name. */
const targets = ['/', '/guests', '/unknown', '/plain', bridgePath];

@Controller()
class PlainController {
  @Get('plain')
  plain(): string {
    return 'of the application';
  }
}

/** An application that closes connections as stock Nest does, and never by force. */
class ClosingApp {
  readonly peers: RawPeer[] = [];
  readonly accepted: Socket[] = [];

  constructor(
    readonly nest: INestApplication,
    readonly port: number,
  ) {}

  get server(): Server {
    return this.nest.getHttpServer();
  }

  peer(): RawPeer {
    const peer = new RawPeer(this.port);
    this.peers.push(peer);
    return peer;
  }

  /** A connection that the server has accepted, and that has sent nothing yet. */
  async silent(): Promise<RawPeer> {
    const peer = this.peer();
    await once(peer.socket, 'connect');
    await until(() => this.#knows(peer), 'the connection is accepted');
    return peer;
  }

  #knows({ socket }: RawPeer): boolean {
    return this.accepted.some(({ remotePort }) => remotePort === socket.localPort);
  }
}

let running: ClosingApp | undefined;
beforeEach(() => {
  running = undefined;
});
afterEach(async () => {
  running?.peers.forEach(({ socket }) => socket.destroy());
  await running?.nest.close();
});

interface Settings {
  readonly adapter?: AbstractHttpAdapter;
  /** Port of the gateways; 0 is that of the application. */
  readonly port?: number;
}

async function startClosing({
  adapter = new ExpressAdapter(),
  port = 0,
}: Settings): Promise<ClosingApp> {
  const cookie = fromCookie('token', {
    bridge: { path: bridgePath, parentOrigins: ['https://app.example.com'] },
  });
  @WsAuth({
    credentials: [fromAuthorizationHeader(), cookie],
    allowedOrigins: ['https://app.example.com'],
  })
  @WebSocketGateway(port, { path: '/' })
  class OwnGateway extends EchoGateway {}
  @WsPublic()
  @WebSocketGateway(port, { path: '/guests' })
  class GuestGateway {}
  const module = await Test.createTestingModule({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
    controllers: [PlainController],
    providers: [JwtStrategy, OwnGateway, GuestGateway],
  }).compile();
  const nest = module.createNestApplication(adapter, { logger: false });
  await nest.listen(0, '127.0.0.1');
  const { port: own } = nest.getHttpServer().address() as AddressInfo;
  running = new ClosingApp(nest, port || own);
  running.server.on('connection', (socket: Socket) => running!.accepted.push(socket));
  return running;
}

function knock(peer: RawPeer, target: string): RawPeer {
  return peer.write(handshakeOf({ target, fields: bearer }, 80));
}

function plainRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
}

async function expectShuttingDown(peer: RawPeer, what: string): Promise<void> {
  const { status, fields, body } = await peer.response();
  expect(status, what).toBe(503);
  expect(body, what).toContain('shutting down');
  expect(fieldOf(fields, 'connection'), what).toBe('close');
  await peer.disconnected();
}

const servers: readonly [string, () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(servers)('an application on %s that closes', (_name, adapter) => {
  it('D1: refuses every upgrade with 503 while its sessions close', async () => {
    const app = await startClosing({ adapter: adapter() });
    const session = await knock(app.peer(), '/').opened();
    const closed = app.nest.close();
    expect(await session.closed({ answer: false })).toEqual(goingAway);
    for (const target of targets) {
      const peer = knock(app.peer(), target);
      const answer = await peer.response();
      expect(answer.status, target).toBe(503);
      expect(fieldOf(answer.fields, 'connection')?.toLowerCase(), target).toBe('close');
    }
    session.socket.destroy();
    await closed;
  });

  it('D1: refuses upgrades of connections that it had accepted before, until the last has ended', async () => {
    const app = await startClosing({ adapter: adapter() });
    const peers = new Map<string, RawPeer>();
    for (const target of targets) {
      peers.set(target, await app.silent());
    }
    const closed = app.nest.close();
    await until(() => !app.server.listening, 'the server stops listening');
    for (const [target, peer] of peers) {
      await expectShuttingDown(knock(peer, target), target);
    }
    await closed;
  });

  it('D1: answers a cookie bridge with 503 as well, and other requests as the application does', async () => {
    const app = await startClosing({ adapter: adapter() });
    const [bridge, plain] = [await app.silent(), await app.silent()];
    const closed = app.nest.close();
    await until(() => !app.server.listening, 'the server stops listening');
    await expectShuttingDown(bridge.write(plainRequest(bridgePath)), 'the bridge');
    const { body } = await plain.write(plainRequest('/plain')).response();
    expect(body).not.toContain('shutting down');
    plain.socket.destroy();
    await closed;
  });

  it('D1: never answers 404 to the upgrades that arrive while it closes', async () => {
    const app = await startClosing({ adapter: adapter() });
    const session = await knock(app.peer(), '/').opened();
    const arriving = Array.from({ length: 40 }, () => knock(app.peer(), '/'));
    const closed = app.nest.close();
    const late = Array.from({ length: 40 }, () => knock(app.peer(), '/'));
    const all = [...arriving, ...late].map((peer) =>
      peer.response().then(
        ({ status }) => status,
        () => 0,
      ),
    );
    await session.closed();
    const statuses = new Set(await Promise.all(all));
    app.peers.forEach(({ socket }) => socket.destroy());
    await closed;
    expect([...statuses].filter((status) => ![0, 101, 503].includes(status))).toEqual([]);
    expect(statuses).toContain(503);
  });

  it('D1: leaves no listener behind once the server has closed', async () => {
    const app = await startClosing({ adapter: adapter() });
    const { server } = app;
    await app.nest.close();
    expect(server.listenerCount('upgrade')).toBe(0);
    expect(Object.hasOwn(server, 'emit')).toBe(false);
  });

  it('D1: is not ready from the moment it begins to close', async () => {
    const app = await startClosing({ adapter: adapter() });
    const health = app.nest.get(WsAuthHealth, { strict: false });
    expect(health.isReady()).toBe(true);
    const session = await knock(app.peer(), '/').opened();
    const closed = app.nest.close();
    await session.closed();
    expect(health.check('ws-auth')).toEqual({ 'ws-auth': { status: 'down' } });
    await closed;
  });
});

describe('gateways with a port of their own', () => {
  it('D1: refuse every upgrade with 503 while their sessions close', async () => {
    const app = await startClosing({ port: await freePort() });
    const session = await knock(app.peer(), '/').opened();
    const closed = app.nest.close();
    expect(await session.closed({ answer: false })).toEqual(goingAway);
    for (const target of targets) {
      await expectShuttingDown(knock(app.peer(), target), target);
    }
    session.socket.destroy();
    await closed;
  });

  it('D1: answer upgrades that have arrived when the port is closed', async () => {
    const app = await startClosing({ port: await freePort() });
    const session = await knock(app.peer(), '/').opened();
    const closed = app.nest.close();
    const arrived = Array.from({ length: 20 }, () => knock(app.peer(), '/'));
    await Promise.all(arrived.map((peer) => once(peer.socket, 'connect')));
    await session.closed();
    const statuses = arrived.map((peer) => peer.response().then(({ status }) => status));
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([503]));
    await closed;
  });
});

/** An HTTP adapter whose server belongs to the caller. */
class LentServerAdapter extends ExpressAdapter {
  override close(): undefined {
    return undefined;
  }
}

describe('a server that the application leaves open', () => {
  it('D1: is left as it was found, for the next application', async () => {
    const app = await startClosing({ adapter: new LentServerAdapter() });
    const { server } = app;
    await app.nest.close();
    expect(server.listening).toBe(true);
    expect(server.listenerCount('upgrade')).toBe(0);
    expect(Object.hasOwn(server, 'emit')).toBe(false);
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
});
