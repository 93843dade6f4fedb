import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  Catch,
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  SetMetadata,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type LoggerService,
  type NestInterceptor,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { EMPTY, NEVER, Observable, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  sessionOf,
  userOf,
  WsAuth,
  WsAuthGuard,
  WsAuthModule,
  WsAuthSessions,
  WsPublic,
  WsUser,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { bootError, startGateways, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { restoreClocks, useFakeTimers } from '../support/clocks.js';
import { nestDoes } from '../support/nest-11.js';
import { sendTogether } from '../support/send-together.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';

restoreClocks();

/** What happened, in order. */
let seen: string[] = [];
let lines: string[] = [];
/** Lines of the level debug. */
let details: string[] = [];
/** Ends the hooks that wait for it. */
let finish: () => void = () => undefined;
let finished: Promise<void>;

beforeEach(() => {
  seen = [];
  lines = [];
  details = [];
  finished = new Promise((resolve) => (finish = resolve));
});

afterEach(() => finish());

const log = (...text: unknown[]) => void lines.push(text.map(String).join(' '));
const logger: LoggerService = {
  log: () => undefined,
  warn: log,
  error: log,
  debug: (text: unknown) => void details.push(String(text)),
};

type Connect = (client: WebSocket, request: IncomingMessage) => unknown;

/** A gateway that records its hooks and messages. */
function gatewayOf(name: string, connect: Connect, path = '/'): Type<object> {
  @WebSocketGateway({ path })
  class Gateway {
    handleConnection(client: WebSocket, request: IncomingMessage): unknown {
      seen.push(`${name} begins`);
      return connect(client, request);
    }

    handleDisconnect(): void {
      seen.push(`${name} leaves`);
    }

    @SubscribeMessage('note')
    note(@MessageBody() data: unknown): object {
      seen.push(`${name} note ${String(data)}`);
      return { event: 'note', data };
    }
  }
  return Gateway;
}

/** Puts decorators on the hook of a gateway. */
function onHook<T extends Type<object>>(gateway: T, ...decorators: MethodDecorator[]): T {
  const prototype = gateway.prototype as object;
  const property = Object.getOwnPropertyDescriptor(prototype, 'handleConnection')!;
  decorators.forEach((decorate) => void decorate(prototype, 'handleConnection', property));
  return gateway;
}

function guardOf(decide: (context: ExecutionContext) => boolean | Promise<boolean>): CanActivate {
  return { canActivate: decide };
}

const refusing = guardOf(() => false);
const accepts: Connect = () => undefined;
const waits: Connect = () => finished.then(() => void seen.push('ends'));

function start(providers: Provider[], options: WsAuthModuleOptions = {}): Promise<TestApp> {
  return startGateways(options, providers, { logger });
}

function arrive(app: TestApp): TestClient {
  return app.connect('/', bearer());
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await turns(1);
  }
}

/** As many turns as a message on the loopback needs, several times over. */
const aWhile = () => turns(100);

const refusals: [string, CanActivate, { code: number; reason: string }][] = [
  ['returns false', refusing, { code: 3003, reason: 'not permitted' }],
  [
    'resolves to false',
    guardOf(() => Promise.resolve(false)),
    { code: 3003, reason: 'not permitted' },
  ],
  ...(
    [
      [new WsException('SECRET'), 3003, 'not permitted'],
      [new WsException({ status: 'error', message: 'SECRET' }), 3003, 'not permitted'],
      [new WsException('Unauthorized'), 3000, 'credential required'],
      [new ForbiddenException('SECRET'), 3003, 'not permitted'],
      [new UnauthorizedException('SECRET'), 3000, 'credential required'],
      [new NotFoundException('SECRET'), 3003, 'not permitted'],
      [new ServiceUnavailableException('SECRET'), 1011, 'internal error'],
      [new Error('SECRET'), 1011, 'internal error'],
    ] as const
  ).map(([error, code, reason]): [string, CanActivate, { code: number; reason: string }] => [
    `throws ${error.name} (${code})`,
    guardOf(() => {
      throw error;
    }),
    { code, reason },
  ]),
];

describe.each(['protected', 'public'])('a guard on handleConnection of a %s gateway', (kind) => {
  it.each(refusals)('that %s closes the client, and nothing runs', async (_how, guard, closing) => {
    const gateway = onHook(gatewayOf('a', accepts), UseGuards(guard));
    if (kind === 'public') {
      WsPublic()(gateway);
    }
    await using app = await start([gateway]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    expect(await client.closed()).toEqual(closing);
    await aWhile();
    expect(seen).toEqual([]);
    expect(lines.join('\n')).not.toContain('SECRET');
    expect(lines).toHaveLength(closing.code === 1011 ? 1 : 0);
  });
});

it('a client that packs megabytes into one compressed chunk while guards run is closed', async () => {
  const pending = guardOf(() => finished.then(() => true));
  @WebSocketGateway({ perMessageDeflate: true })
  class CompressingGateway {
    @UseGuards(pending)
    handleConnection(): void {
      seen.push('begins');
    }
  }
  await using app = await start([CompressingGateway]);
  const client = await app.connect('/', { perMessageDeflate: true }).opened();
  const { _socket: tcp } = client.socket as unknown as { _socket: Socket };
  tcp.cork();
  client.emit('authenticate', { token: tokenOf('alice') });
  const big = Buffer.alloc(1_048_576).toString();
  const compressed = Array.from({ length: 20 }, () => client.socket.send(big));
  await until(
    () => client.socket.bufferedAmount > 0 && tcp.writableLength > 500 * compressed.length,
  );
  tcp.uncork();
  expect((await client.closed()).code).toBe(1011);
  expect(seen).toEqual([]);
});

it('a client is not read any further that sends empty messages while guards run', async () => {
  let held: WebSocket | undefined;
  const pending = guardOf((context) => {
    held = context.switchToWs().getClient<WebSocket>();
    return finished.then(() => true);
  });
  await using app = await start([onHook(gatewayOf('a', accepts), UseGuards(pending))]);
  const client = await arrive(app).opened();
  for (let each = 0; each < 2_000; each += 1) {
    client.sendRaw('');
  }
  const answered = client.barrier().then(() => 'read all');
  expect(await Promise.race([answered, until(() => held?.isPaused === true)])).toBeUndefined();
  finish();
  await answered;
});

describe('guards of a connection', () => {
  it('run after authentication with the client, the request, the class and the handler', async () => {
    @Injectable()
    class RolesGuard implements CanActivate {
      constructor(private readonly reflector: Reflector) {}

      canActivate(context: ExecutionContext): boolean {
        const client = context.switchToWs().getClient<WebSocket>();
        const request = context.switchToWs().getData<IncomingMessage>();
        const places = [context.getHandler(), context.getClass()];
        seen.push(
          context.getType(),
          userOf<{ id: string }>(client).id,
          request.url ?? '',
          this.reflector.getAllAndOverride<string>('role', places),
          context.getClass().name,
        );
        return true;
      }
    }
    const gateway = onHook(
      gatewayOf('a', accepts),
      UseGuards(RolesGuard),
      SetMetadata('role', 'admin'),
    );
    await using app = await start([gateway]);
    const client = await arrive(app).opened();
    expect(await client.ask('note', 1)).toBe(1);
    expect(seen).toEqual(['ws', 'alice', '/', 'admin', 'Gateway', 'a begins', 'a note 1']);
  });

  it('hold messages, in order, until they have decided, with awaitConnection: false as well', async () => {
    const guard = guardOf(() => finished.then(() => true));
    const gateway = onHook(gatewayOf('a', accepts), UseGuards(guard));
    await using app = await start([gateway], { awaitConnection: false });
    const client = await arrive(app).opened();
    client.emit('note', 1).emit('note', 2);
    await aWhile();
    expect(seen).toEqual([]);
    finish();
    expect(await client.ask('note', 3)).toBe(1);
    await until(() => seen.length === 4);
    expect(seen).toEqual(['a begins', 'a note 1', 'a note 2', 'a note 3']);
  });

  it('that do not decide within authTimeoutMs refuse the client', async () => {
    useFakeTimers();
    const gateway = onHook(
      gatewayOf('a', accepts),
      UseGuards(guardOf(() => finished.then(() => true))),
    );
    await using app = await start([gateway], { authTimeoutMs: 1_000 });
    const client = await arrive(app).opened();
    client.emit('note', 1);
    await aWhile();
    vi.advanceTimersByTime(1_000);
    expect(await client.closed()).toEqual({ code: 1013, reason: 'authentication unavailable' });
    finish();
    await aWhile();
    expect(seen).toEqual([]);
    expect(lines.join()).toContain('authTimeoutMs');
  });

  it('do not let the hook begin if the session has ended meanwhile', async () => {
    const gateway = onHook(
      gatewayOf('a', accepts),
      UseGuards(guardOf(() => finished.then(() => true))),
    );
    await using app = await start([gateway]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    app.nest.get(WsAuthSessions).disconnect({ userId: 'alice' });
    expect(await client.closed()).toMatchObject({ code: 1008 });
    finish();
    await aWhile();
    expect(seen).toEqual([]);
  });

  it.each(['class', 'global'])('of the %s run if connectionGuards is true only', async (where) => {
    for (const connectionGuards of [false, true]) {
      const gateway = gatewayOf('a', accepts);
      const global = { provide: APP_GUARD, useValue: refusing };
      if (where === 'class') {
        UseGuards(refusing)(gateway);
      }
      await using app = await start(where === 'class' ? [gateway] : [gateway, global], {
        connectionGuards,
      });
      const client = await arrive(app).opened();
      if (connectionGuards) {
        expect(await client.closed()).toMatchObject({ code: 3003 });
      } else {
        await client.barrier();
      }
    }
    expect(seen.filter((each) => each !== 'a leaves')).toEqual(['a begins']);
  });

  it('refuse guests by WsAuthGuard with 3000', async () => {
    const gateway = onHook(gatewayOf('a', accepts), UseGuards(WsAuthGuard));
    const credentials = [fromAuthorizationHeader()];
    await using app = await start([gateway], { credentials, optional: true });
    const guest = await app.connect().opened();
    expect(await guest.closed()).toEqual({ code: 3000, reason: 'credential required' });
    const user = await arrive(app).opened();
    expect(await user.ask('note', 1)).toBe(1);
  });

  it('closes with the codes of closeCodes', async () => {
    const gateway = onHook(gatewayOf('a', accepts), UseGuards(refusing));
    await using app = await start([gateway], { closeCodes: { forbidden: 4403 } });
    const client = await arrive(app).opened();
    expect(await client.closed()).toEqual({ code: 4403, reason: 'not permitted' });
  });
});

describe('a request-scoped guard', () => {
  @Injectable({ scope: Scope.REQUEST })
  class ScopedGuard implements CanActivate {
    static admits = true;

    constructor(@Inject(REQUEST) private readonly client: WebSocket) {}

    canActivate(): boolean {
      seen.push(`guard of ${sessionOf(this.client)?.userId}`);
      return ScopedGuard.admits;
    }
  }

  it.each([true, false])('runs for each client, and decides: %j', async (admits) => {
    ScopedGuard.admits = admits;
    const gateway = onHook(gatewayOf('a', accepts), UseGuards(ScopedGuard));
    if (!nestDoes.createScopedGateways) {
      const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];
      const error = await bootError({ imports, providers: [JwtStrategy, gateway] });
      expect(error.message).toContain('makes no request-scoped guards');
      return;
    }
    await using app = await start([gateway]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    if (admits) {
      expect(await client.nextEvent()).toEqual({ event: 'note', data: 1 });
      expect(seen).toEqual(['guard of alice', 'a begins', 'a note 1']);
    } else {
      expect(await client.closed()).toEqual({ code: 3003, reason: 'not permitted' });
      expect(seen).toEqual(['guard of alice']);
    }
  });
});

describe('a request-scoped gateway', () => {
  @Injectable({ scope: Scope.REQUEST })
  class Caller {
    static fails = false;

    constructor() {
      if (Caller.fails) {
        throw new Error('SECRET');
      }
    }
  }

  function scopedGateway() {
    @WebSocketGateway()
    class Gateway {
      constructor(readonly caller: Caller) {}

      async handleConnection(): Promise<void> {
        seen.push(this.caller instanceof Caller ? 'begins' : 'has no caller');
        await finished;
        seen.push('ends');
      }

      handleDisconnect(): void {
        seen.push('leaves');
      }

      @SubscribeMessage('note')
      note(@MessageBody() data: unknown): object {
        seen.push('note');
        return { event: 'note', data };
      }
    }
    return Gateway;
  }

  it('is awaited', async () => {
    Caller.fails = false;
    await using app = await start([Caller, scopedGateway()]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    await until(() => seen.length > 0);
    await aWhile();
    expect(seen).toEqual([nestDoes.createScopedGateways ? 'begins' : 'has no caller']);
    finish();
    expect(await client.nextEvent()).toEqual({ event: 'note', data: 1 });
    expect(seen.slice(1)).toEqual(['ends', 'note']);
  });

  it.runIf(nestDoes.createScopedGateways)(
    'is awaited by all of its path while Nest makes it',
    async () => {
      Caller.fails = false;
      const slow: Provider = {
        provide: Caller,
        scope: Scope.REQUEST,
        useFactory: async () => {
          await finished;
          return new Caller();
        },
      };
      @WebSocketGateway()
      class Other {
        @SubscribeMessage('other')
        other(): object {
          seen.push('other');
          return { event: 'other' };
        }
      }
      await using app = await start([slow, scopedGateway(), Other]);
      const client = await arrive(app).opened();
      client.emit('other', 1);
      await aWhile();
      expect(seen).toEqual([]);
      finish();
      expect(await client.nextEvent()).toMatchObject({ event: 'other' });
      expect(seen).toEqual(['begins', 'ends', 'other']);
    },
  );

  it('that cannot be made refuses the client', async () => {
    Caller.fails = true;
    await using app = await start([Caller, scopedGateway()]);
    const client = await arrive(app).opened();
    if (!nestDoes.createScopedGateways) {
      await until(() => seen.length > 0);
      expect(seen).toEqual(['has no caller']);
      return;
    }
    client.emit('note', 1);
    expect(await client.closed()).toEqual({ code: 1011, reason: 'internal error' });
    await aWhile();
    expect(seen).toEqual([]);
    expect(lines.filter((line) => line.includes('Gateway.handleConnection threw'))).toHaveLength(1);
  });

  it.runIf(nestDoes.createScopedGateways)(
    'without hooks that cannot be made refuses the client, and the process lives',
    async () => {
      @WebSocketGateway()
      class PlainGateway {
        constructor(readonly caller: Caller) {}
      }
      Caller.fails = true;
      const unhandled: unknown[] = [];
      const note = (error: unknown) => void unhandled.push(error);
      process.on('unhandledRejection', note);
      await using app = await start([Caller, PlainGateway]);
      const client = await arrive(app).opened();
      expect(await client.closed()).toEqual({ code: 1011, reason: 'internal error' });
      await aWhile();
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    },
  );
});

describe('interceptors and filters on handleConnection', () => {
  it('run around it, and the client is closed after the filter has informed it', async () => {
    @Catch()
    class TellingFilter implements ExceptionFilter {
      catch(error: Error, host: ArgumentsHost): void {
        const client = host.switchToWs().getClient<WebSocket>();
        client.send(JSON.stringify({ event: 'sorry', data: error.message }));
      }
    }
    const interceptor: NestInterceptor = {
      intercept(_context: ExecutionContext, next: CallHandler) {
        seen.push('intercepted');
        return next.handle();
      },
    };
    const gateway = onHook(
      gatewayOf('a', () => {
        throw new WsException('full');
      }),
      UseInterceptors(interceptor),
      UseFilters(TellingFilter),
    );
    await using app = await start([gateway]);
    const client = await arrive(app).opened();
    expect(await client.nextEvent()).toEqual({ event: 'sorry', data: 'full' });
    expect(await client.closed()).toEqual({ code: 3003, reason: 'not permitted' });
    expect(seen).toContain('intercepted');
  });
});

function frozen(gateway: Type<object>): Type<object> {
  @WebSocketGateway()
  class Frozen extends gateway {
    constructor() {
      super();
      Object.freeze(this);
    }
  }
  return Frozen;
}

describe('boot refuses decorators that would do nothing:', () => {
  it.each<[string, (prototype: object, gateway: object) => void, string]>([
    ['@WsUser()', (prototype) => WsUser()(prototype, 'handleConnection', 1), 'userOf(client)'],
    [
      '@MessageBody()',
      (prototype) => MessageBody()(prototype, 'handleConnection', 1),
      'handleConnection',
    ],
    [
      '@UsePipes()',
      (_prototype, gateway) => void onHook(gateway as Type<object>, UsePipes(new ValidationPipe())),
      '@UsePipes()',
    ],
    [
      'guards on handleDisconnect',
      (prototype) => {
        const property = Object.getOwnPropertyDescriptor(prototype, 'handleDisconnect')!;
        UseGuards(refusing)(prototype, 'handleDisconnect', property);
      },
      'handleDisconnect',
    ],
    [
      'guards of a frozen gateway',
      (_prototype, gateway) => void onHook(gateway as Type<object>, UseGuards(refusing)),
      'frozen',
    ],
  ])('%s', async (name, decorate, message) => {
    const gateway = gatewayOf('a', accepts);
    decorate(gateway.prototype as object, gateway);
    const provided = name.includes('frozen') ? frozen(gateway) : gateway;
    const error = await bootError({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, provided],
    });
    expect(error.message).toContain(message);
  });

  it('but not @ConnectedSocket() on the client', async () => {
    const gateway = gatewayOf('a', accepts);
    ConnectedSocket()(gateway.prototype as object, 'handleConnection', 0);
    await using app = await start([gateway]);
    const client = await arrive(app).opened();
    expect(await client.ask('note', 1)).toBe(1);
  });

  it('connectionTimeoutMs beside awaitConnection: false', async () => {
    const error = await bootError({
      imports: [
        WsAuthModule.forRoot({
          strategy: 'jwt',
          awaitConnection: false,
          connectionTimeoutMs: 1_000,
        }),
      ],
      providers: [JwtStrategy, gatewayOf('a', accepts)],
    });
    expect(error.message).toContain('connectionTimeoutMs');
  });
});

const laterHooks: [string, Connect][] = [
  ['a promise', waits],
  ['an observable', () => new Observable((out) => void finished.then(() => out.complete()))],
  [
    'a promise of an observable',
    () => Promise.resolve(new Observable((out) => void finished.then(() => out.complete()))),
  ],
];

const ways: [string, (app: TestApp) => Promise<TestClient>][] = [
  [
    'by header',
    async (app) => {
      const client = await arrive(app).opened();
      sendTogether(client, ...notes);
      return client;
    },
  ],
  [
    'by first message',
    async (app) => {
      const client = await app.connect().opened();
      sendTogether(
        client,
        { event: 'authenticate', data: { token: tokenOf('alice') } },
        ...notes.slice(0, 2),
      );
      await client.next();
      sendTogether(client, ...notes.slice(2));
      return client;
    },
  ],
];

const pausesAndResumes: Connect = async (client) => {
  client.pause();
  client.resume();
  await finished;
};

const notes = [1, 2, 3].map((data) => ({ event: 'note', data }));
const handled = ['a note 1', 'a note 2', 'a note 3'];

describe.each(ways)('messages of a client that comes %s', (_way, come) => {
  it.each(laterHooks)('wait in order for %s', async (_what, connect) => {
    await using app = await start([gatewayOf('a', connect)]);
    const client = await come(app);
    await aWhile();
    expect(seen).toEqual(['a begins']);
    finish();
    for (const { data } of notes) {
      expect(await client.nextEvent()).toEqual({ event: 'note', data });
    }
    expect(seen.filter((each) => each !== 'ends')).toEqual(['a begins', ...handled]);
    expect(lines).toEqual([]);
  });

  it('wait for resume() if the hook has paused the client', async () => {
    let paused!: WebSocket;
    const connect: Connect = async (client) => {
      client.pause();
      paused = client;
      await finished;
    };
    await using app = await start([gatewayOf('a', connect)]);
    const client = await come(app);
    finish();
    await aWhile();
    expect(seen).toEqual(['a begins']);
    expect(paused.isPaused).toBe(true);
    paused.resume();
    expect(await client.ask('note', 4)).toBe(1);
    await until(() => seen.length === 5);
    expect(seen).toEqual(['a begins', ...handled, 'a note 4']);
  });

  it('still wait after the hook has called resume()', async () => {
    await using app = await start([gatewayOf('a', pausesAndResumes)]);
    const client = await come(app);
    await aWhile();
    expect(seen).toEqual(['a begins']);
    finish();
    expect(await client.nextEvent()).toEqual({ event: 'note', data: 1 });
  });

  it('are handled before its end if it leaves meanwhile', async () => {
    await using app = await start([gatewayOf('a', waits)]);
    const client = await come(app);
    client.socket.close();
    await aWhile();
    expect(seen).toEqual(['a begins']);
    finish();
    await until(() => seen.includes('a leaves'));
    expect(seen).toEqual(['a begins', 'ends', ...handled, 'a leaves']);
  });

  it('go through after connectionTimeoutMs, with one warning', async () => {
    useFakeTimers();
    await using app = await start([gatewayOf('a', () => NEVER)], { connectionTimeoutMs: 1_000 });
    for (let round = 0; round < 2; round += 1) {
      seen = [];
      await using client = await come(app);
      await aWhile();
      expect(seen).not.toContain('a note 1');
      vi.advanceTimersByTime(1_000);
      expect(await client.nextEvent()).toEqual({ event: 'note', data: 1 });
    }
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Gateway.handleConnection');
    expect(lines[0]).toContain('awaitConnection: false');
  });

  it('do not wait with awaitConnection: false', async () => {
    await using app = await start([gatewayOf('a', waits)], { awaitConnection: false });
    const client = await come(app);
    expect(await client.nextEvent()).toEqual({ event: 'note', data: 1 });
    expect(seen).not.toContain('ends');
  });
});

it('awaitConnection is an option of single gateways', async () => {
  const gateway = gatewayOf('a', waits);
  WsAuth({ awaitConnection: false })(gateway);
  await using app = await start([gateway]);
  const client = await arrive(app).opened();
  expect(await client.ask('note', 1)).toBe(1);
});

it('a stream is unsubscribed when its client has left', async () => {
  useFakeTimers();
  const stream = new Observable<never>(() => () => void seen.push('unsubscribed'));
  await using app = await start([gatewayOf('a', () => stream)], { connectionTimeoutMs: 1_000 });
  const client = await arrive(app).opened();
  await until(() => seen.includes('a begins'));
  vi.advanceTimersByTime(1_000);
  client.socket.close();
  await until(() => seen.includes('unsubscribed'));
});

it('a stream does not begin when its client has left', async () => {
  const stream = new Observable<never>(() => void seen.push('subscribed'));
  const gateway = gatewayOf('a', () => finished.then(() => stream));
  onHook(gateway, UseGuards(guardOf(() => true)));
  await using app = await start([gateway], { awaitConnection: false });
  const client = await arrive(app).opened();
  await until(() => seen.includes('a begins'));
  client.socket.close();
  await until(() => seen.includes('a leaves'));
  finish();
  await aWhile();
  expect(seen).toEqual(['a begins', 'a leaves']);
});

it('a client that sends much while it waits is not closed, and loses nothing', async () => {
  await using app = await start([gatewayOf('a', waits)]);
  const client = await arrive(app).opened();
  const count = 5_000;
  for (let data = 0; data < count; data += 1) {
    client.emit('note', data);
  }
  await aWhile();
  expect(seen).toEqual(['a begins']);
  finish();
  await until(() => seen.length === count + 2);
  expect(seen.slice(2)).toEqual(Array.from({ length: count }, (_, data) => `a note ${data}`));
});

it('an application closes while a hook runs', async () => {
  for (const kind of ['protected', 'public']) {
    seen = [];
    const gateway = gatewayOf('a', waits);
    if (kind === 'public') {
      WsPublic()(gateway);
    }
    const app = await start([gateway]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    await until(() => seen.length > 0);
    await app[Symbol.asyncDispose]();
    expect(seen).toEqual(['a begins', 'a leaves']);
  }
});

const throwing: [string, unknown, { code: number; reason: string }, unknown][] = [
  [
    'Error',
    new Error('SECRET'),
    { code: 1011, reason: 'internal error' },
    { message: 'Internal server error', cause: { pattern: 'handleConnection' } },
  ],
  [
    'WsException',
    new WsException('full'),
    { code: 3003, reason: 'not permitted' },
    { message: 'full', cause: { pattern: 'handleConnection' } },
  ],
  [
    'UnauthorizedException',
    new UnauthorizedException('SECRET'),
    { code: 3000, reason: 'credential required' },
    { message: 'Internal server error' },
  ],
  [
    'ForbiddenException',
    new ForbiddenException('SECRET'),
    { code: 3003, reason: 'not permitted' },
    { message: 'Internal server error' },
  ],
];

describe.each(['protected', 'public'])('handleConnection of a %s gateway', (kind) => {
  describe.each(['synchronously', 'later'])('that throws %s', (when) => {
    it.each(throwing)('%s informs the client and closes it', async (name, error, closing, told) => {
      const fail = () => {
        throw error;
      };
      const gateway = gatewayOf('a', when === 'later' ? () => finished.then(fail) : fail);
      if (kind === 'public') {
        WsPublic()(gateway);
      }
      await using app = await start([gateway]);
      const client = await arrive(app).opened();
      client.emit('note', 1);
      await until(() => seen.length > 0);
      finish();
      expect(await client.nextEvent()).toEqual({
        event: 'exception',
        data: expect.objectContaining(told as object),
      });
      expect(await client.closed()).toEqual(closing);
      await until(() => seen.includes('a leaves'));
      expect(seen).toEqual(['a begins', 'a leaves']);
      const [ofFault, other] = closing.code === 1011 ? [lines, details] : [details, lines];
      const threw = ofFault.filter((line) => line.startsWith('Gateway.handleConnection threw'));
      expect(threw).toEqual([expect.stringContaining(`threw: ${name}\n`)]);
      expect(other).toEqual([]);
      expect(ofFault.join()).not.toContain('SECRET');
    });
  });
});

it('K8c: userOf() in a public gateway closes the client with 3000', async () => {
  const gateway = gatewayOf('a', (client) => userOf(client));
  WsPublic()(gateway);
  await using app = await start([gateway]);
  const client = await arrive(app).opened();
  expect(await client.closed()).toEqual({ code: 3000, reason: 'credential required' });
  expect(lines).toHaveLength(1);
});

const refuse: Connect = () => {
  throw new WsException('full');
};

describe('several gateways on one path', () => {
  it('are all awaited', async () => {
    await using app = await start([
      gatewayOf('a', waits),
      gatewayOf('b', () => EMPTY),
      gatewayOf('c', () => of(1)),
    ]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    await aWhile();
    expect(seen.toSorted()).toEqual(['a begins', 'b begins', 'c begins']);
    finish();
    await client.nextEvent();
    await until(() => seen.length === 7);
    expect(seen[3]).toBe('ends');
    expect(seen.slice(4).toSorted()).toEqual(['a note 1', 'b note 1', 'c note 1']);
  });

  it('must all accept: those that had accepted see the client leave', async () => {
    const late = guardOf(() => finished.then(() => false));
    await using app = await start([
      gatewayOf('a', accepts),
      onHook(gatewayOf('b', accepts), UseGuards(late)),
      gatewayOf('c', accepts),
    ]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    await aWhile();
    finish();
    expect(await client.closed()).toMatchObject({ code: 3003 });
    await until(() => seen.length === 4);
    expect(seen.toSorted()).toEqual(['a begins', 'a leaves', 'c begins', 'c leaves']);
  });

  it('after the first refusal no other hook begins', async () => {
    // In which order Nest calls them is its own business.
    await using app = await start([gatewayOf('a', refuse), gatewayOf('b', refuse)]);
    const client = await arrive(app).opened();
    expect(await client.closed()).toMatchObject({ code: 3003 });
    await until(() => seen.length === 2);
    await aWhile();
    const [name] = seen[0]!.split(' ');
    expect(seen).toEqual([`${name} begins`, `${name} leaves`]);
    expect(details.filter((line) => line.includes(' threw: '))).toHaveLength(1);
  });
});
