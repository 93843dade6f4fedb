import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Controller,
  Get,
  Post,
  Req,
  Res,
  type INestApplication,
  type NestApplicationOptions,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { WebSocketGateway } from '@nestjs/websockets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WsAuthModule, WsPublic } from '../../lib/index.js';
import { freePort } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { handshakeOf, until } from '../support/invariants.js';
import { nestDoes } from '../support/nest-11.js';
import { withWatchdog } from '../support/raw-peer.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';

const shutdownTimeoutMs = 5_000;

/** Requests that reach the application, and how a test has it answer. */
const application = { begun: 0, answer: () => {} };

@Controller()
class SlowController {
  @Get('quick')
  quick(): string {
    return 'quick';
  }

  @Get('slow')
  async slow(): Promise<string> {
    application.begun += 1;
    await new Promise<void>((resolve) => {
      application.answer = resolve;
    });
    return 'answered after the deadline';
  }

  /** A response that begins and never ends, as that of server-sent events. */
  @Get('stream')
  stream(@Res() response: { raw?: NodeJS.WritableStream } & NodeJS.WritableStream): void {
    application.begun += 1;
    (response.raw ?? response).write('data: 1\n\n');
  }

  @Post('body')
  body(@Req() _request: unknown): string {
    return 'read';
  }
}

@WsPublic()
@WebSocketGateway({ path: '/guests' })
class GuestGateway {}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const upgrade = (target: string, fields = {}) => handshakeOf({ target, fields }, 0);
const bearer = { authorization: `Bearer ${tokenOf('alice')}` };

/** What peers leave open, each by the bytes that it sends. */
const peers: Readonly<Record<string, string | Buffer>> = {
  'nothing at all': '',
  'half of a request line': 'GET /quick HT',
  'half of a head': 'GET /quick HTTP/1.1\r\nHost: localhost\r\nX-Half: ',
  'half of an upgrade': upgrade('/').subarray(0, 60),
  'half of a body': 'POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf',
  'half of a chunked body':
    'POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf',
  'a request, and stays': get('/quick'),
  'a request for a stream': get('/stream'),
  'a first message that it never sends': upgrade('/'),
  'an upgrade, and answers no close frame': upgrade('/', bearer),
  'the same to a public gateway': upgrade('/guests'),
  'an upgrade that is refused': upgrade('/', { authorization: 'Bearer nobody' }),
};

type Address = { readonly port: number; readonly host: string } | { readonly path: string };

const addressOf = (port: number): Address => ({ port, host: '127.0.0.1' });

class Closing implements AsyncDisposable {
  readonly sockets: Socket[] = [];

  constructor(
    readonly nest: INestApplication,
    readonly address: Address,
  ) {}

  static async start(
    httpAdapter: AbstractHttpAdapter,
    gateways: readonly (new () => object)[] = [],
    options: NestApplicationOptions = {},
    socketPath?: string,
  ) {
    const module = await Test.createTestingModule({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', shutdownTimeoutMs })],
      controllers: [SlowController],
      providers: [JwtStrategy, EchoGateway, GuestGateway, ...gateways],
    })
      .setLogger(false as never)
      .compile();
    const nest = module.createNestApplication(httpAdapter, { logger: false, ...options });
    if (socketPath !== undefined) {
      await nest.listen(socketPath);
      return new Closing(nest, { path: socketPath });
    }
    await nest.listen(0, '127.0.0.1');
    return new Closing(nest, addressOf((nest.getHttpServer().address() as AddressInfo).port));
  }

  /** A peer that has sent so much, and all of it has been read. */
  async peer(bytes: string | Buffer, address = this.address): Promise<Socket> {
    const socket = connect({ ...address, allowHalfOpen: true });
    socket.on('error', () => undefined).on('data', () => undefined);
    this.sockets.push(socket);
    await once(socket, 'connect');
    await new Promise((resolve) => socket.write(bytes, resolve));
    await turns(20);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    await this.nest.close();
  }
}

/** Advances to the deadline in steps, so that what happens on the way has its turn. */
async function advanceToDeadline(): Promise<void> {
  await turns(150);
  await vi.advanceTimersByTimeAsync(shutdownTimeoutMs);
  await turns(150);
}

const adapters: Readonly<Record<string, () => AbstractHttpAdapter>> = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter(),
};

describe.each(Object.keys(adapters))('closing an application on %s', (name) => {
  beforeEach(() => {
    application.begun = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(Object.keys(peers))(
    'K6e: ends at the deadline with a peer that has sent %s',
    async (what) => {
      await using app = await Closing.start(adapters[name]!());
      const peer = await app.peer(peers[what]!);
      const closed = app.nest.close();
      await advanceToDeadline();
      await withWatchdog(closed, 'close() does not resolve at the deadline');
      if (!peer.destroyed) {
        peer.end();
      }
    },
  );

  it('K6e: ends at the deadline with all of these at the same time, and leaves no timer', async () => {
    await using app = await Closing.start(adapters[name]!());
    for (const bytes of Object.values(peers)) {
      await app.peer(bytes);
    }
    const closed = app.nest.close();
    await advanceToDeadline();
    await withWatchdog(closed, 'close() does not resolve at the deadline');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('K6e: leaves a request to the application that it has yet to answer', async () => {
    await using app = await Closing.start(adapters[name]!());
    const peer = await app.peer(get('/slow'));
    const received: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => received.push(chunk));
    await until(() => application.begun === 1, 'it never happens');
    const half = await app.peer(peers['half of a head']!);
    const closed = app.nest.close();
    await advanceToDeadline();
    expect(peer.readableEnded).toBe(false);
    half.end();
    application.answer();
    await until(
      () => Buffer.concat(received).includes('answered after the deadline'),
      'it never happens',
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await withWatchdog(closed, 'close() does not resolve after the answer');
  });

  it('K6e: leaves no other peer of a Unix socket open for a request that is yet to be answered', async () => {
    if (name === 'Fastify' && !nestDoes.listenOnUnixSocketsByFastify) {
      return;
    }
    const socketPath = join(tmpdir(), `nestjs-ws-auth-${randomUUID()}.sock`);
    await using app = await Closing.start(adapters[name]!(), [], {}, socketPath);
    const peer = await app.peer(get('/slow'));
    await until(() => application.begun === 1, 'it never happens');
    const half = await app.peer(peers['half of a head']!);
    const cut = once(half, 'end');
    const closed = app.nest.close();
    await advanceToDeadline();
    await withWatchdog(cut, 'the peer keeps its connection');
    expect(peer.readableEnded).toBe(false);
    application.answer();
    half.end();
    await vi.advanceTimersByTimeAsync(1_000);
    await withWatchdog(closed, 'close() does not resolve after the answer');
  });

  it('K6e: cuts nothing before the deadline', async () => {
    await using app = await Closing.start(adapters[name]!());
    const peer = await app.peer('GET /quick HTTP/1.1\r\nHost: localhost\r\n');
    const received: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => received.push(chunk));
    const closed = app.nest.close();
    await turns(150);
    await vi.advanceTimersByTimeAsync(shutdownTimeoutMs - 1);
    peer.write('\r\n');
    await until(() => Buffer.concat(received).includes('HTTP/1.1'), 'it never happens');
    await vi.advanceTimersByTimeAsync(1_000);
    await withWatchdog(closed, 'close() does not resolve');
  });

  it('K6e: ends at the deadline where TLS has not begun', async () => {
    const make = name === 'Express' ? adapters[name]! : () => new FastifyAdapter({ https: {} });
    await using app = await Closing.start(make(), [], { httpsOptions: {} });
    await app.peer('');
    await app.peer(Buffer.from('160301', 'hex'));
    const closed = app.nest.close();
    await advanceToDeadline();
    await withWatchdog(closed, 'close() does not resolve at the deadline');
  });

  it('K6e: ends at the deadline on a port of a gateway', async () => {
    const port = await freePort();
    @WebSocketGateway(port, { path: '/own' })
    class PortGateway extends EchoGateway {}
    await using app = await Closing.start(adapters[name]!(), [PortGateway]);
    for (const bytes of ['', 'GET /own HT', upgrade('/own'), upgrade('/own', bearer)]) {
      await app.peer(bytes, addressOf(port));
    }
    const closed = app.nest.close();
    await advanceToDeadline();
    await withWatchdog(closed, 'close() does not resolve at the deadline');
  });
});
