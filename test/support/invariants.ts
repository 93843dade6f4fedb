import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket, SocketConnectOpts } from 'node:net';
import { inspect } from 'node:util';
import type {
  INestApplication,
  LoggerService,
  ModuleMetadata,
  Provider,
  Type,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { expect, it, vi } from 'vitest';
import { WebSocket, type WebSocketServer as WsServer } from 'ws';
import {
  fromAuthorizationHeader,
  sessionOf,
  WsAuth,
  WsAuthEvents,
  WsAuthModule,
  WsAuthSessions,
  type WsAuthEventMap,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { WsAuthService } from '../../lib/module/ws-auth.service.js';
import { startApp, type TestApp } from './app.js';
import { useFakeTimers } from './clocks.js';
import {
  closeOf,
  opcodes,
  RawPeer,
  transcriptOf,
  withWatchdog,
  type RawResponse,
} from './raw-peer.js';
import { JwtStrategy, type TestUser } from './strategies.js';
import { basicHeader, tokenOf } from './tokens.js';
import { patient } from './patience.js';
import { turns } from './turns.js';
import { eventNames } from './events.js';

/** A gateway that testifies: its code sees no client without a session, and no socket that is closing. */
@WebSocketGateway()
export class WitnessGateway {
  @WebSocketServer() readonly server!: WsServer;
  readonly connected: WebSocket[] = [];
  readonly disconnected: WebSocket[] = [];
  readonly handled: unknown[] = [];
  /** Ways in which the seven invariants were broken. */
  readonly violations: string[] = [];
  /** Everything the gateway was shown of the requests. */
  readonly shown: string[] = [];

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    this.#demandSession(client, 'handleConnection');
    this.connected.push(client);
    const { url, headers, rawHeaders } = request;
    this.shown.push(inspect({ url, headers, rawHeaders }, { depth: null }));
  }

  handleDisconnect(client: WebSocket): void {
    if (!this.connected.includes(client)) {
      this.violations.push('handleDisconnect was called for a client that never connected');
    }
    this.disconnected.push(client);
  }

  @SubscribeMessage('whoami')
  whoami(@ConnectedSocket() client: WebSocket) {
    this.#demandSession(client, 'whoami');
    const session = sessionOf<TestUser | null>(client);
    return { event: 'whoami', data: { user: session?.user?.id ?? null, via: session?.extractor } };
  }

  @SubscribeMessage('echo')
  echo(@ConnectedSocket() client: WebSocket, @MessageBody() data: unknown) {
    this.#demandSession(client, 'echo');
    this.handled.push(data);
    return { event: 'echo', data };
  }

  #demandSession(client: WebSocket, where: string): void {
    if (!sessionOf(client)) {
      this.violations.push(`${where} was called without a session`);
    }
    if (client.readyState !== WebSocket.OPEN) {
      this.violations.push(`${where} was called for a socket that is closing`);
    }
  }
}

const goodPath = '/good-client';

/** Where the good client connects when the gateway under attack speaks to none. */
@WsAuth({
  strategy: 'jwt',
  credentials: [fromAuthorizationHeader()],
  allowedOrigins: 'same-origin',
  middleware: [],
  rejection: 'http',
})
@WebSocketGateway({ path: goodPath })
class GoodGateway extends WitnessGateway {}

/** The parts of a handshake that a case changes. */
export interface HandshakeParts {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  /** Replaces a field, repeats it (array), or leaves it out (`undefined`). Names in lower case. */
  readonly fields?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** What follows the request immediately. */
  readonly early?: Buffer;
  readonly connect?: Partial<SocketConnectOpts>;
}

/** What a case starts. */
export interface CaseOptions {
  readonly auth?: WsAuthModuleOptions;
  readonly providers?: readonly Provider[];
  /** Gateways besides the one that admits the good client. */
  readonly gateways?: readonly Type<WitnessGateway>[];
  readonly imports?: ModuleMetadata['imports'];
  readonly httpAdapter?: AbstractHttpAdapter;
  readonly prepare?: (nest: INestApplication) => unknown;
  /** Header fields of the good client, such as an address of its own. */
  readonly goodFields?: Readonly<Record<string, string>>;
}

/** What stands still as long as no client is connected. */
interface Baseline {
  readonly timers: number;
  readonly listeners: Readonly<Record<string, number>>;
}

const serverEvents = [
  'upgrade',
  'request',
  'connection',
  'listening',
  'error',
  'close',
  'clientError',
];

/** The sample key of RFC 6455. */
export const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ==';

/**
 * A running application under attack. Everything that goes in and comes out is recorded, and {@link Lab.conclude} holds it
 * against the seven invariants.
 */
export class Lab {
  readonly canary = `canary-${randomBytes(9).toString('hex')}`;
  readonly peers: RawPeer[] = [];
  readonly events: { readonly name: string; readonly payload: unknown }[] = [];
  readonly lines: string[] = [];
  /** Peers that the server may leave without an answer: they sent no request. */
  readonly #mute = new WeakSet<RawPeer>();
  readonly #secrets = new Set<string>();
  readonly #crashes: unknown[] = [];
  readonly #warnings: Error[] = [];
  readonly #serverSockets = new Set<Socket>();
  readonly #tcpBefore = tcpHandles();
  readonly #timersBefore = vi.getTimerCount();
  #app: TestApp | undefined;
  #options: CaseOptions = {};
  #baseline: Baseline | undefined;
  #closed = false;
  #rowBegan = 0;

  constructor() {
    this.#secrets.add(this.canary);
    process.on('uncaughtException', this.#onCrash);
    process.on('unhandledRejection', this.#onCrash);
    process.on('warning', this.#onWarning);
  }

  /** Starts the application of the case. */
  async start(options: CaseOptions = {}): Promise<this> {
    if (this.#app) {
      throw new Error('the case has started its application already');
    }
    const { auth, providers = [], imports = [], gateways = [WitnessGateway] } = options;
    this.#options = options;
    this.#app = await startApp(
      {
        imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...auth }), ...imports],
        providers: [JwtStrategy, ...gateways, GoodGateway, ...providers],
      },
      async (nest) => {
        await options.prepare?.(nest);
        this.httpServer(nest).on('connection', this.#onConnection);
      },
      {
        logger: this.#logger(),
        ...(options.httpAdapter && { httpAdapter: options.httpAdapter }),
      },
    );
    this.#recordEvents();
    this.#baseline = this.#present();
    return this;
  }

  get app(): TestApp {
    if (!this.#app) {
      throw new Error('the case has not started its application');
    }
    return this.#app;
  }

  get port(): number {
    return this.app.port;
  }

  get gateway(): WitnessGateway {
    return this.app.nest.get(this.#gateways[0]!);
  }

  get service(): WsAuthService {
    return this.app.nest.get(WsAuthService, { strict: false });
  }

  get pending(): number {
    return this.service.budget.total;
  }

  get sessions(): WsAuthSessions {
    return this.app.nest.get(WsAuthSessions, { strict: false });
  }

  /** Makes `refusals` and `count()` begin again, for the next input of a table. */
  beginRow(): void {
    this.#rowBegan = this.events.length;
  }

  /** Codes of the refusals so far. */
  get refusals(): string[] {
    return this.events
      .slice(this.#rowBegan)
      .filter(({ name }) => name === 'refused')
      .map(({ payload }) => (payload as WsAuthEventMap['refused']).code);
  }

  count(name: keyof WsAuthEventMap): number {
    return this.events.slice(this.#rowBegan).filter((event) => event.name === name).length;
  }

  /** Declares that a value must appear nowhere. */
  secret(value: string): string {
    this.#secrets.add(value);
    return value;
  }

  /** A valid token that must appear nowhere. */
  token(sub = 'alice', claims: object = {}): string {
    const token = tokenOf(sub, { canary: this.canary, ...claims });
    token
      .split('.')
      .slice(1)
      .forEach((part) => this.secret(part));
    return this.secret(token);
  }

  bearer(sub?: string): { readonly authorization: string } {
    return { authorization: `Bearer ${this.token(sub)}` };
  }

  basic(username: string, password: string): { readonly authorization: string } {
    const authorization = basicHeader(username, password);
    this.secret(authorization.slice('Basic '.length));
    return { authorization };
  }

  /** Opens a connection and sends nothing. */
  peer(connect: Partial<SocketConnectOpts> = {}, port = this.port): RawPeer {
    const peer = new RawPeer(port, connect);
    this.peers.push(peer);
    return peer;
  }

  /** The server may end this peer's connection without an answer. */
  expectNoAnswer(peer: RawPeer): RawPeer {
    this.#mute.add(peer);
    return peer;
  }

  /** Opens a connection and sends a handshake. */
  knock(parts: HandshakeParts = {}, port = this.port): RawPeer {
    const peer = this.peer(parts.connect, port).write(handshakeOf(parts, port));
    const key = parts.fields?.['sec-websocket-key'] ?? sampleKey;
    return typeof key === 'string' ? peer.expectKey(key) : peer;
  }

  /** Sends a handshake, and returns how it was answered. */
  answer(parts: HandshakeParts = {}): Promise<RawResponse> {
    return this.knock(parts).response();
  }

  async status(parts: HandshakeParts = {}): Promise<number> {
    return (await this.answer(parts)).status;
  }

  /** Opens a socket that waits for its first message. */
  pendingPeer(parts: HandshakeParts = {}): Promise<RawPeer> {
    return this.knock(parts).opened();
  }

  async advance(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  /** Closes the application, as a deployment does. */
  async shutDown(): Promise<void> {
    this.#closed = true;
    await this.app.nest.close();
  }

  /** Holds everything against the invariants. Called after every case. */
  async conclude(): Promise<void> {
    this.demandNoCrash();
    if (this.#app) {
      await this.#leave();
      this.#checkTranscripts();
      this.#checkGateways();
      if (!this.#closed) {
        await this.#checkGoodClient();
        await this.#checkBaseline();
        await this.#app.nest.close();
      }
      await this.#checkNothingLeft();
    }
    this.#checkSecrets();
    this.demandNoCrash();
  }

  /** Cleans up, also after a failure. */
  async dispose(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer[Symbol.asyncDispose]()));
    this.#serverSockets.forEach((socket) => socket.destroy());
    if (this.#app && !this.#closed) {
      await this.#app.nest.close();
    }
    process.off('uncaughtException', this.#onCrash);
    process.off('unhandledRejection', this.#onCrash);
    process.off('warning', this.#onWarning);
  }

  httpServer(nest: INestApplication = this.app.nest): Server {
    return nest.getHttpServer();
  }

  get #gateways(): readonly Type<WitnessGateway>[] {
    return [...(this.#options.gateways ?? [WitnessGateway]), GoodGateway];
  }

  get #witnesses(): WitnessGateway[] {
    return this.#gateways.map((type) => this.app.nest.get(type));
  }

  async #leave(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer[Symbol.asyncDispose]()));
    await this.#idle();
  }

  /** Resolves when the server has let go of every connection. */
  async #idle(): Promise<void> {
    const closed = [...this.#serverSockets].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    await withWatchdog(Promise.all(closed), 'the server keeps sockets whose peers have left');
    await turns(20);
  }

  #present(): Baseline {
    const server = this.httpServer();
    const listeners = serverEvents.map((name) => [name, server.listenerCount(name)]);
    return { timers: vi.getTimerCount(), listeners: Object.fromEntries(listeners) };
  }

  async #checkBaseline(): Promise<void> {
    await this.#idle();
    expect(this.pending, 'connections that are still pending').toBe(0);
    expect(this.sessions.count(), 'sessions that are still alive').toBe(0);
    for (const { server } of this.#witnesses) {
      expect(server.clients.size, 'clients that are still listed').toBe(0);
    }
    expect(this.#present(), 'timers and listeners').toEqual(this.#baseline);
  }

  async #checkNothingLeft(): Promise<void> {
    await turns(20);
    expect(this.httpServer().listenerCount('upgrade'), 'upgrade listeners after close').toBe(0);
    expect(vi.getTimerCount(), 'timers after close').toBe(this.#timersBefore);
    expect(tcpHandles(), 'open handles after close').toBeLessThanOrEqual(this.#tcpBefore);
  }

  async #checkGoodClient(): Promise<void> {
    const { auth = {}, goodFields = {} } = this.#options;
    const plain = !(auth.strategy ?? auth.credentials ?? auth.middleware);
    const target = plain && !this.#options.gateways ? '/' : goodPath;
    const peer = this.knock({ target, fields: { ...this.bearer('good'), ...goodFields } });
    await withWatchdog(peer.opened(), 'a good client gets no answer');
    const { data } = await peer.emit('whoami').nextEvent();
    expect(data, 'what a good client hears').toEqual({
      user: 'good',
      via: 'fromAuthorizationHeader',
    });
    expect(await peer.close().closed({ answer: false })).toEqual({ code: 1000, reason: '' });
    await peer.disconnected();
  }

  #checkTranscripts(): void {
    for (const peer of this.peers) {
      const { responses, frames, rest } = transcriptOf(peer.received, true);
      const closes = frames.filter(({ opcode }) => opcode === opcodes.close);
      const what = JSON.stringify(peer.received.toString('latin1').slice(0, 2_000));
      expect(rest.length, `stray bytes in ${what}`).toBe(0);
      expect(responses.length, `responses in ${what}`).toBeLessThanOrEqual(1);
      expect(closes.length, `close frames in ${what}`).toBeLessThanOrEqual(1);
      for (const { payload } of closes) {
        const { reason } = closeOf(payload);
        expect(Buffer.byteLength(reason), `the reason ${reason}`).toBeLessThanOrEqual(123);
      }
      expect(closes.length === 0 || frames.at(-1) === closes[0], `silence after ${what}`).toBe(
        true,
      );
      if (peer.left || this.#mute.has(peer)) {
        continue;
      }
      expect(responses.length, `responses in ${what}`).toBe(1);
      const { status, fields } = responses[0]!;
      if (status === 101) {
        expect(closes.length, `close frames in ${what}`).toBe(1);
      } else {
        expect(fieldOf(fields, 'connection')?.split(', '), `the end of ${what}`).toContain('close');
      }
    }
  }

  #checkGateways(): void {
    expect(
      this.#witnesses.flatMap(({ violations }) => violations),
      'calls of the gateway',
    ).toEqual([]);
  }

  /** A crash explains whatever else a case complains about. */
  demandNoCrash(): void {
    expect(this.#crashes, 'uncaught exceptions and unhandled rejections').toEqual([]);
    expect(this.#warnings, 'warnings of the process').toEqual([]);
  }

  #checkSecrets(): void {
    const said = this.peers.map(({ received }) => received.toString('latin1'));
    const shown = this.#app ? this.#witnesses.flatMap((witness) => witness.shown) : [];
    const published = this.events.map((event) => inspect(event, { depth: null }));
    const everything = [...said, ...shown, ...published, ...this.lines].join('\n');
    for (const secret of this.#secrets) {
      const at = everything.indexOf(secret);
      const around = everything.slice(Math.max(0, at - 200), at);
      expect(at === -1, `a credential appears after ${around}`).toBe(true);
    }
  }

  #recordEvents(): void {
    const events = this.app.nest.get(WsAuthEvents, { strict: false });
    for (const name of eventNames) {
      events.on(name, (payload) => this.events.push({ name, payload }));
    }
  }

  #logger(): LoggerService {
    const write =
      (level: string) =>
      (...message: unknown[]): void => {
        const texts = message.map((part) =>
          typeof part === 'string' ? part : inspect(part, { depth: 6 }),
        );
        this.lines.push([level, ...texts].join(' '));
      };
    return {
      log: write('log'),
      error: write('error'),
      warn: write('warn'),
      debug: write('debug'),
      verbose: write('verbose'),
      fatal: write('fatal'),
    };
  }

  readonly #onCrash = (error: unknown): void => {
    this.#crashes.push(error);
  };

  readonly #onWarning = (warning: Error): void => {
    if (warning.name !== 'DeprecationWarning') {
      this.#warnings.push(warning);
    }
  };

  readonly #onConnection = (socket: Socket): void => {
    this.#serverSockets.add(socket);
    socket.once('close', () => this.#serverSockets.delete(socket));
  };
}

/**
 * One case of the catalogue: runs under fake timers beside real sockets, and ends with all seven invariants.
 *
 * @param name begins with the id of the case
 */
export function securityCase(
  name: string,
  run: (lab: Lab) => Promise<unknown>,
  timeoutMs?: number,
): void {
  it(
    name,
    async () => {
      useFakeTimers();
      const lab = new Lab();
      try {
        await run(lab).catch((error: unknown) => {
          lab.demandNoCrash();
          throw error;
        });
        await lab.conclude();
      } finally {
        await lab.dispose();
        vi.useRealTimers();
      }
    },
    timeoutMs === undefined ? undefined : patient(timeoutMs),
  );
}

/** The same case for each of several inputs. */
export function securityCases<Input>(
  inputs: readonly Input[],
  name: (input: Input) => string,
  run: (lab: Lab, input: Input) => Promise<unknown>,
): void {
  for (const input of inputs) {
    securityCase(name(input), (lab) => run(lab, input));
  }
}

/** Several inputs of one kind, against one application. A failure names the input. */
export function securityTable<Input>(
  name: string,
  inputs: readonly Input[],
  options: CaseOptions,
  judge: (lab: Lab, input: Input) => Promise<unknown>,
): void {
  preparedTable(name, inputs, async (lab) => {
    await lab.start(options);
    return (input) => judge(lab, input);
  });
}

/**
 * A table that needs more than options.
 *
 * @param prepare starts the application, and returns how an input is sent and judged
 */
export function preparedTable<Input>(
  name: string,
  inputs: readonly Input[],
  prepare: (lab: Lab) => Promise<(input: Input) => Promise<unknown>>,
): void {
  securityCase(name, async (lab) => {
    const judge = await prepare(lab);
    for (const input of inputs) {
      lab.beginRow();
      await judge(input).catch((cause: unknown) => {
        const shown = inspect(input, { depth: 1 }).slice(0, 300);
        throw new Error(`${shown}: ${String(cause)}`, { cause });
      });
    }
  });
}

/** The bytes of a handshake, valid unless the test changes it. */
export function handshakeOf(parts: HandshakeParts, port: number): Buffer {
  const { method = 'GET', target = '/', version = '1.1', early = Buffer.alloc(0) } = parts;
  const fields: Record<string, string | readonly string[] | undefined> = {
    host: `127.0.0.1:${port}`,
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': sampleKey,
    'sec-websocket-version': '13',
    ...parts.fields,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => `${name}: ${each}\r\n`),
  );
  const head = `${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), early]);
}

export function fieldOf(fields: RawResponse['fields'], name: string): string | undefined {
  return fields.find(([field]) => field === name)?.[1];
}

export function challengesOf({ fields }: RawResponse): string[] {
  return fields.filter(([name]) => name === 'www-authenticate').map(([, value]) => value);
}

/** Resolves at the turn of the event loop in which the condition holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const watched = { on: true };
  const watch = async () => {
    while (watched.on && !condition()) {
      await turns(1);
    }
  };
  await withWatchdog(watch(), what).finally(() => (watched.on = false));
}

function tcpHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}
