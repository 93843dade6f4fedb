import type { IncomingMessage, Server as HttpServer } from 'node:http';
import {
  Catch,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type Provider,
  type Type,
} from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  BaseWsExceptionFilter,
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  WsException,
} from '@nestjs/websockets';
import { IsInt, IsString } from 'class-validator';
import { concat, map, Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { WebSocket, type WebSocketServer as Server } from 'ws';
import { WsAuthModule, WsPublic } from '../../lib/index.js';
import { WsAuthAdapter } from '../../lib/ws.js';
import { freePort, startApp, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { nestDoes } from '../support/nest-11.js';

type AdapterOptions = NonNullable<ConstructorParameters<typeof WsAdapter>[1]>;

/** One adapter under test: who installs it, and which module it needs. */
interface Contender {
  readonly name: string;
  readonly imports: ReturnType<typeof WsAuthModule.forRoot>[];
  readonly install: (nest: INestApplication, options?: AdapterOptions) => unknown;
  /** Whether an application closes whose server does not track its clients. */
  readonly closesWithoutTracking: boolean;
}

const contenders: readonly Contender[] = [
  {
    name: 'WsAdapter',
    imports: [],
    install: (nest, options) => nest.useWebSocketAdapter(new WsAdapter(nest, options)),
    closesWithoutTracking: nestDoes.closeServersWithoutTracking,
  },
  {
    name: 'WsAuthAdapter with @WsPublic() gateways',
    imports: [WsAuthModule.forRoot()],
    install: (nest, options) =>
      options && nest.useWebSocketAdapter(new WsAuthAdapter(nest, options)),
    closesWithoutTracking: true,
  },
];

interface Order {
  readonly event: string;
  readonly data: unknown;
}

class CreateOrder {
  @IsString() readonly item!: string;
  @IsInt() readonly count!: number;
}

class NeverGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

class BrokenGuard implements CanActivate {
  canActivate(): boolean {
    throw new WsException({ code: 'broken' });
  }
}

class WrapInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<Order>): Observable<unknown> {
    const pattern = context.switchToWs().getPattern();
    return next.handle().pipe(map(({ event, data }) => ({ event, data: { pattern, data } })));
  }
}

@Catch()
class RepeatingFilter extends BaseWsExceptionFilter {
  override catch(exception: Error, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<WebSocket>();
    client.send(JSON.stringify({ event: 'caught', data: exception.message }));
  }
}

/** Handlers wait here until a test opens the door. */
@Injectable()
class Doors {
  readonly #doors = new Map<string, () => void>();

  wait(name: string): Promise<void> {
    return new Promise((resolve) => this.#doors.set(name, resolve));
  }

  open(name: string): void {
    this.#doors.get(name)!();
  }
}

@WsPublic()
@WebSocketGateway()
class ParityGateway {
  @WebSocketServer() readonly server!: Server;
  readonly log: unknown[] = [];
  readonly frames: [string, boolean][] = [];
  initialised: unknown;

  constructor(private readonly doors: Doors) {}

  afterInit(server: Server): void {
    this.initialised = server;
  }

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    this.log.push(['connected', request.url, request.headers.authorization]);
    client.on('message', (data: Buffer, isBinary: boolean) => {
      this.frames.push([data.toString(), isBinary]);
    });
  }

  handleDisconnect(_client: WebSocket, reason?: unknown): void {
    this.log.push(['disconnected', reason]);
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown, @ConnectedSocket() client: WebSocket) {
    return { event: 'echo', data, open: client.readyState === WebSocket.OPEN };
  }

  @SubscribeMessage('positional')
  positional(client: WebSocket, data: unknown, ...rest: unknown[]) {
    return { event: 'positional', data: [typeof client.send, data, rest.length] };
  }

  @SubscribeMessage('promise')
  async promise(@MessageBody('deep') deep: unknown): Promise<Order> {
    return { event: 'promise', data: deep };
  }

  @SubscribeMessage('several')
  several(): Observable<Order> {
    return of(1, 2, 3).pipe(map((data) => ({ event: 'several', data })));
  }

  @SubscribeMessage('promised several')
  async promisedSeveral(): Promise<Observable<Order>> {
    return of(1, 2).pipe(map((data) => ({ event: 'several', data })));
  }

  @SubscribeMessage('bare')
  bare(@MessageBody() index: number): unknown {
    return ['text', 0, false, '', [1, 2], { plain: true }, null, undefined][index];
  }

  @SubscribeMessage('wait')
  async wait(@MessageBody() name: string): Promise<Order> {
    await this.doors.wait(name);
    return { event: 'wait', data: name };
  }

  @SubscribeMessage('endless')
  endless(): Observable<Order> {
    return new Observable((subscriber) => {
      subscriber.next({ event: 'endless', data: 1 });
      return () => this.log.push(['unsubscribed']);
    });
  }

  @SubscribeMessage('guarded')
  @UseGuards(NeverGuard)
  guarded(): never {
    throw new Error('unreachable');
  }

  @SubscribeMessage('broken guard')
  @UseGuards(BrokenGuard)
  brokenGuard(): never {
    throw new Error('unreachable');
  }

  @SubscribeMessage('order')
  @UsePipes(
    new ValidationPipe({ exceptionFactory: (errors) => new WsException(errors.length + '') }),
  )
  order(@MessageBody() order: CreateOrder): Order {
    return { event: 'order', data: [order instanceof CreateOrder, order.count] };
  }

  @SubscribeMessage('strict order')
  @UsePipes(new ValidationPipe({ transform: true }))
  strictOrder(@MessageBody() order: CreateOrder): Order {
    return { event: 'order', data: [order instanceof CreateOrder, order.count] };
  }

  @SubscribeMessage('wrapped')
  @UseInterceptors(WrapInterceptor)
  wrapped(@MessageBody() data: unknown): Order {
    return { event: 'wrapped', data };
  }

  @SubscribeMessage('text exception')
  textException(): never {
    throw new WsException('no');
  }

  @SubscribeMessage('object exception')
  async objectException(): Promise<never> {
    throw new WsException({ code: 42 });
  }

  @SubscribeMessage('bug')
  bug(): never {
    throw new TypeError('internal');
  }

  @SubscribeMessage('rejected')
  rejected(): Promise<never> {
    return Promise.reject(new Error('internal'));
  }

  @SubscribeMessage('failing')
  failing(): Observable<unknown> {
    return concat(
      of({ event: 'failing', data: 1 }),
      throwError(() => new WsException('later')),
    );
  }

  @SubscribeMessage('filtered')
  @UseFilters(RepeatingFilter)
  filtered(): never {
    throw new Error('for the filter');
  }

  @SubscribeMessage('discreet')
  @UseFilters(new BaseWsExceptionFilter({ includeCause: false }))
  discreet(): never {
    throw new WsException('no');
  }

  @SubscribeMessage('twice')
  first(): Order {
    return { event: 'twice', data: 'first' };
  }

  @SubscribeMessage('twice')
  second(): Order {
    return { event: 'twice', data: 'second' };
  }

  @SubscribeMessage('broadcast')
  broadcast(@MessageBody() data: unknown): void {
    for (const client of this.server.clients) {
      client.send(JSON.stringify({ event: 'broadcast', data }));
    }
  }

  @SubscribeMessage('goodbye')
  goodbye(client: WebSocket): Order {
    client.close(4001, 'goodbye');
    return { event: 'goodbye', data: 'too late' };
  }
}

/** A gateway class of its own with these options of `ws`. */
function gatewayWith(options: object, port = 0): Type<object> {
  @WsPublic()
  @WebSocketGateway(port, options)
  class OptionsGateway {
    @SubscribeMessage('who')
    who(client: WebSocket) {
      return {
        event: 'who',
        data: { protocol: client.protocol, constructor: client.constructor.name },
      };
    }
  }
  return OptionsGateway;
}

const isOk = ({ req }: { readonly req: IncomingMessage }) => req.url!.includes('ok');

class CustomWebSocket extends WebSocket {}

async function connected(app: TestApp, path = '/'): Promise<TestClient> {
  return app.connect(path).opened();
}

function isException(answer: unknown): boolean {
  return (answer as Partial<Order>).event === 'exception';
}

/** What Nest answers to a handler, or a guard, that throws. */
const exception = (message: string, pattern: string, data: unknown = 1) => ({
  event: 'exception',
  data: { status: 'error', message, cause: { pattern, data } },
});

describe.each(contenders)('$name', ({ imports, install, closesWithoutTracking }) => {
  function startDoors(providers: Provider[] = [], options?: AdapterOptions): Promise<TestApp> {
    return startApp({ imports, providers: [Doors, ParityGateway, ...providers] }, (nest) =>
      install(nest, options),
    );
  }

  /** What one message is answered with, when another one is answered after it. */
  async function answersTo(event: string, data?: unknown): Promise<unknown[]> {
    await using app = await startDoors();
    const client = await connected(app);
    client.emit(event, data);
    await client.barrier();
    client.emit('echo', 'end');
    const answers: unknown[] = [];
    for (;;) {
      const answer: unknown = JSON.parse(await client.next());
      if ((answer as { data?: unknown } | null)?.data === 'end') {
        return answers;
      }
      answers.push(answer);
    }
  }

  const internal = (pattern: string) => exception('Internal server error', pattern);

  const conversations: [string, unknown, unknown[]][] = [
    ['echo', { a: [1] }, [{ event: 'echo', data: { a: [1] }, open: true }]],
    ['echo', null, [{ event: 'echo', data: null, open: true }]],
    ['positional', 7, [{ event: 'positional', data: ['function', 7, 1] }]],
    ['promise', { deep: 'x' }, [{ event: 'promise', data: 'x' }]],
    ['promise', 'no object', [{ event: 'promise' }]],
    ['several', 1, [1, 2, 3].map((data) => ({ event: 'several', data }))],
    ['promised several', 1, [1, 2].map((data) => ({ event: 'several', data }))],
    ['bare', 0, ['text']],
    ['bare', 1, [0]],
    ['bare', 2, [false]],
    ['bare', 3, ['']],
    ['bare', 4, [[1, 2]]],
    ['bare', 5, [{ plain: true }]],
    ['bare', 6, []],
    ['bare', 7, []],
    ['guarded', 1, [exception('Forbidden resource', 'guarded')]],
    ['broken guard', 1, [{ event: 'exception', data: { code: 'broken' } }]],
    ['order', { item: 'tea', count: 2 }, [{ event: 'order', data: [false, 2] }]],
    ['order', { item: 1 }, [exception('2', 'order', { item: 1 })]],
    ['strict order', { item: 'tea', count: 2 }, [{ event: 'order', data: [true, 2] }]],
    ['strict order', 1, [internal('strict order')]],
    ['wrapped', 1, [{ event: 'wrapped', data: { pattern: 'wrapped', data: 1 } }]],
    ['text exception', 1, [exception('no', 'text exception')]],
    ['object exception', 1, [{ event: 'exception', data: { code: 42 } }]],
    ['bug', 1, [internal('bug')]],
    ['rejected', 1, [internal('rejected')]],
    ['failing', 1, [{ event: 'failing', data: 1 }, exception('later', 'failing')]],
    ['filtered', 1, [{ event: 'caught', data: 'for the filter' }]],
    ['discreet', 1, [{ event: 'exception', data: { status: 'error', message: 'no' } }]],
    ['twice', 1, [{ event: 'twice', data: 'second' }]],
    ['unknown event', 1, []],
    ['toString', 1, []],
    ['__proto__', 1, []],
    ['constructor', 1, []],
    ['', 1, []],
  ];

  it.each(conversations)('answers "%s" with %j', async (event, data, answers) => {
    const sent = answers.filter((each) => nestDoes.sendExceptions || !isException(each));
    expect(await answersTo(event, data)).toEqual(sent);
  });

  it('drops texts that are not messages, and goes on', async () => {
    await using app = await startDoors();
    const client = await connected(app);
    for (const text of [
      '',
      '{',
      'null',
      '42',
      '"echo"',
      '[]',
      '{}',
      '{"event":{}}',
      '{"data":1}',
    ]) {
      client.sendRaw(text);
      expect(await client.ask('echo', 1), text).toBe(1);
      expect(client.unread, text).toEqual([]);
    }
  });

  it('reads JSON in a binary frame', async () => {
    await using app = await startDoors();
    const client = await connected(app);
    client.sendRaw(Buffer.from('{"event":"echo","data":"binary"}'));
    expect(await client.nextEvent()).toMatchObject({ data: 'binary' });
  });

  it('hands text as a string and binary frames as bytes to the messageParser', async () => {
    const parsed: string[] = [];
    await using app = await startDoors([], {
      messageParser: (data) => {
        parsed.push(Buffer.isBuffer(data) ? `bytes ${data.length}` : typeof data);
        return data === 'drop' ? undefined : { event: 'echo', data: parsed.length };
      },
    });
    const client = await connected(app);
    client
      .sendRaw('drop')
      .sendRaw(Buffer.from([1, 2, 3]))
      .sendRaw('text');
    expect(await client.nextEvent()).toMatchObject({ data: 2 });
    expect(await client.nextEvent()).toMatchObject({ data: 3 });
    expect(parsed).toEqual(['string', 'bytes 3', 'string']);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('a bug of the parser');
      },
    ],
    ['promises a message (K12d)', () => Promise.resolve({ event: 'echo', data: 'bad' })],
  ])('survives a messageParser that %s', async (_how, parse) => {
    await using app = await startDoors([], {
      messageParser: (data) =>
        (data === 'bad' ? parse() : { event: 'echo', data: 'fine' }) as never,
    });
    const client = await connected(app);
    client.sendRaw('bad').sendRaw('good');
    expect(await client.nextEvent()).toMatchObject({ data: 'fine' });
  });

  it('replies in the order in which handlers finish', async () => {
    await using app = await startDoors();
    const client = await connected(app);
    client.emit('wait', 'slow').emit('wait', 'fast').emit('echo', 'at once');
    expect(await client.nextEvent()).toMatchObject({ data: 'at once' });
    app.nest.get(Doors).open('fast');
    expect(await client.nextEvent()).toMatchObject({ data: 'fast' });
    app.nest.get(Doors).open('slow');
    expect(await client.nextEvent()).toMatchObject({ data: 'slow' });
  });

  it('replies to many messages in their order', async () => {
    await using app = await startDoors();
    const client = await connected(app);
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    for (const number of numbers) {
      client.emit(number % 3 === 0 ? 'promise' : 'echo', { deep: number });
    }
    const answers: unknown[] = [];
    while (answers.length < numbers.length) {
      const { data } = await client.nextEvent();
      answers.push(typeof data === 'number' ? data : (data as { deep: number }).deep);
    }
    expect(answers.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers);
  });

  it('sends nothing once the socket closes, and unsubscribes', async () => {
    await using app = await startDoors();
    const client = await connected(app);
    const { log } = app.nest.get(ParityGateway);
    client.emit('endless').emit('wait', 'late');
    expect(await client.nextEvent()).toMatchObject({ event: 'endless' });
    client.emit('goodbye');
    expect(await client.closed()).toEqual({ code: 4001, reason: 'goodbye' });
    app.nest.get(Doors).open('late');
    const other = await connected(app);
    await other.ask('echo', 1);
    expect(client.unread).toEqual([]);
    expect(log).toContainEqual(['unsubscribed']);
    expect(log).toContainEqual(['disconnected', nestDoes.passCloseCodes ? 4001 : undefined]);
  });

  it('passes the request to handleConnection() and the code to handleDisconnect(), as Nest does', async () => {
    await using app = await startDoors();
    const client = app.connect('/?a=1', { headers: { authorization: 'Bearer for-me' } });
    await client.opened();
    await client.ask('echo', 1);
    client.socket.close(1000);
    await client.closed();
    const other = await connected(app);
    await other.ask('echo', 1);
    expect(app.nest.get(ParityGateway).log.slice(0, 2)).toEqual([
      ['connected', '/?a=1', 'Bearer for-me'],
      ['disconnected', nestDoes.passCloseCodes ? 1000 : undefined],
    ]);
  });

  it('lets listeners of the application see raw frames', async () => {
    await using app = await startDoors();
    const client = await connected(app);
    client.sendRaw('not JSON').sendRaw(Buffer.from('bytes'));
    await client.ask('echo', 1);
    expect(app.nest.get(ParityGateway).frames.slice(0, 2)).toEqual([
      ['not JSON', false],
      ['bytes', true],
    ]);
  });

  it('injects the server, gives it to afterInit(), and keeps its clients', async () => {
    await using app = await startDoors();
    const gateway = app.nest.get(ParityGateway);
    expect(gateway.initialised).toBe(gateway.server);
    const clients = [await connected(app), await connected(app)];
    clients[0]!.emit('broadcast', 'all');
    for (const client of clients) {
      expect(await client.nextEvent()).toEqual({ event: 'broadcast', data: 'all' });
    }
    await clients[0]![Symbol.asyncDispose]();
    await clients[1]!.ask('echo', 1);
    expect(gateway.server.clients.size).toBe(1);
  });

  it('serves gateways on paths and on ports of their own', async () => {
    const [port, otherPort] = [await freePort(), await freePort()];
    await using app = await startDoors([
      gatewayWith({ path: '/a' }),
      gatewayWith({ path: 'b/' }),
      gatewayWith({}, port),
      gatewayWith({ path: '/c' }, otherPort),
      gatewayWith({ path: '/d' }, otherPort),
    ]);
    for (const url of [
      app.url('/a'),
      app.url('/b'),
      app.url('/b?x=1'),
      `ws://127.0.0.1:${port}`,
      `ws://127.0.0.1:${port}/any/path`,
      `ws://127.0.0.1:${otherPort}/c`,
      `ws://127.0.0.1:${otherPort}/d`,
      `ws://localhost:${otherPort}/d`,
    ]) {
      const client = await app.connectTo(url).opened();
      expect(await client.ask('who')).toMatchObject({ protocol: '' });
    }
    const stranger = app.connect('/elsewhere');
    await expect(stranger.opened()).rejects.toThrow();
  });

  it('lets two gateways on one path both handle a message', async () => {
    await using app = await startDoors([gatewayWith({ path: '/a' }), gatewayWith({ path: '/a' })]);
    const client = await connected(app, '/a');
    client.emit('who');
    expect(await client.nextEvent()).toMatchObject({ event: 'who' });
    expect(await client.nextEvent()).toMatchObject({ event: 'who' });
    await client.barrier();
    expect(client.unread).toEqual([]);
  });

  it('runs global guards where Nest does', async () => {
    await using app = await startApp({ imports, providers: [Doors, ParityGateway] }, (nest) => {
      install(nest);
      nest.useGlobalGuards(new NeverGuard());
    });
    const client = await connected(app);
    client.emit('echo', 1);
    expect(await client.nextEvent()).toMatchObject(
      nestDoes.runGlobalGuards
        ? { event: 'exception', data: { message: 'Forbidden resource' } }
        : { event: 'echo', data: 1 },
    );
  });

  it.each([
    ['answers the first subprotocol', {}, ['x', 'y'], 'x'],
    [
      'asks handleProtocols',
      { handleProtocols: (all: Set<string>) => [...all].at(-1) },
      ['x', 'y'],
      'y',
    ],
    ['selects no subprotocol if none is offered', {}, [], ''],
  ])('%s', async (_what, options, protocols, chosen) => {
    await using app = await startDoors([gatewayWith({ path: '/a', ...options })]);
    const client = await app.connect('/a', { protocols }).opened();
    expect(client.socket.protocol).toBe(chosen);
    expect(await client.ask('who')).toMatchObject({ protocol: chosen });
  });

  it('keeps maxPayload', async () => {
    await using app = await startDoors([gatewayWith({ path: '/a', maxPayload: 100 })]);
    const client = await connected(app, '/a');
    client.emit('who', 'x'.repeat(200));
    expect((await client.closed()).code).toBe(1009);
  });

  it('keeps perMessageDeflate, verifyClient and a WebSocket class of the application', async () => {
    const options = { perMessageDeflate: true, verifyClient: isOk, WebSocket: CustomWebSocket };
    await using app = await startDoors([gatewayWith({ path: '/a', ...options })]);
    expect((await app.connect('/a').refusal()).status).toBe(401);
    const client = await connected(app, '/a?ok');
    expect(client.socket.extensions).toContain('permessage-deflate');
    expect(await client.ask('who')).toMatchObject({ constructor: 'CustomWebSocket' });
  });

  it('keeps clientTracking', async () => {
    const app = await startDoors([gatewayWith({ path: '/a', clientTracking: false })]);
    const client = await connected(app, '/a');
    expect(await client.ask('who')).toBeDefined();
    await client[Symbol.asyncDispose]();
    if (closesWithoutTracking) {
      await app.nest.close();
      return;
    }
    await expect(app.nest.close()).rejects.toThrow('clients is not iterable');
    (app.nest.getHttpServer() as HttpServer).close();
  });

  it('cuts clients off when the application closes', async () => {
    const app = await startDoors();
    const client = await connected(app);
    await client.ask('echo', 1);
    await app.nest.close();
    expect((await client.closed()).code).toBe(1006);
  });
});
