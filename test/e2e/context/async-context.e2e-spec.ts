import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import {
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Provider,
} from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy as CustomStrategy } from 'passport-custom';
import { SubscribeMessage, WebSocketGateway, type WsResponse } from '@nestjs/websockets';
import {
  ClsInterceptor,
  ClsMiddleware,
  ClsModule,
  ClsService,
  ClsServiceManager,
} from 'nestjs-cls';
import { defer, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  WsAuthModule,
  type WsAuthMiddleware,
  type WsAuthModuleOptions,
} from '../../../lib/index.js';
import type { StrategyActions } from '../../../lib/passport/strategy.js';
import { startApp, type TestApp } from '../../support/app.js';
import { bearerOf, customStrategy, type TestUser } from '../../support/strategies.js';
import { turns } from '../../support/turns.js';
import { bearer } from '../../support/tokens.js';

const tenant = new AsyncLocalStorage<string>();

const inContext: WsAuthMiddleware = (request: { url: string }, _response, next: () => void) =>
  tenant.run(`tenant of ${request.url}`, next);

/** Records which context each piece of the application's code runs in. */
@WebSocketGateway({ path: '/rooms' })
class RoomsGateway {
  readonly seen: [string, string | undefined][] = [];
  #left!: () => void;
  readonly left = new Promise<void>((resolve) => (this.#left = resolve));

  handleConnection(): void {
    this.seen.push(['handleConnection', tenant.getStore()]);
  }

  handleDisconnect(): void {
    this.seen.push(['handleDisconnect', tenant.getStore()]);
    this.#left();
  }

  @SubscribeMessage('now')
  now(): WsResponse<unknown> {
    return { event: 'now', data: tenant.getStore() };
  }

  @SubscribeMessage('later')
  async later(): Promise<WsResponse<unknown>> {
    await turns(1);
    return { event: 'later', data: tenant.getStore() };
  }

  @SubscribeMessage('nested')
  nested(): WsResponse<unknown> {
    return tenant.run('of this message', () => ({ event: 'nested', data: tenant.getStore() }));
  }
}

function startRooms(options: WsAuthModuleOptions, validate = accept): Promise<TestApp> {
  return startApp({
    imports: [WsAuthModule.forRoot({ strategy: 'custom', ...options })],
    providers: [RoomsGateway, customStrategy('custom', validate)],
  });
}

const accept = (request: Parameters<typeof bearerOf>[0]): unknown => ({ id: bearerOf(request) });

const asUser = (name: string) => bearer(name);

async function contextsOf(app: TestApp, path: string) {
  const client = await app.connect(path, asUser('alice')).opened();
  return [await client.ask('now'), await client.ask('later'), await client.ask('now')];
}

describe('the context that middleware sets up at the upgrade', () => {
  it('holds in handleConnection, in every handler and in handleDisconnect', async () => {
    await using app = await startRooms({ middleware: [inContext] });
    const client = await app.connect('/rooms?1', asUser('alice')).opened();
    const expected = 'tenant of /rooms?1';
    expect(await client.ask('now')).toBe(expected);
    expect(await client.ask('later')).toBe(expected);
    expect(await client.ask('nested')).toBe('of this message');
    expect(await client.ask('now')).toBe(expected);
    client.socket.close();
    const gateway = app.nest.get(RoomsGateway);
    await gateway.left;
    expect(gateway.seen).toEqual([
      ['handleConnection', expected],
      ['handleDisconnect', expected],
    ]);
  });

  it('is not that of another connection', async () => {
    await using app = await startRooms({ middleware: [inContext] });
    const both = await Promise.all([contextsOf(app, '/rooms?1'), contextsOf(app, '/rooms?2')]);
    expect(both).toEqual([
      Array(3).fill('tenant of /rooms?1'),
      Array(3).fill('tenant of /rooms?2'),
    ]);
  });

  it('holds for the first message, and for those that waited for it', async () => {
    await using app = await startRooms({ middleware: [inContext] });
    const client = await app.connect('/rooms?1').opened();
    client.emit('authenticate', { token: 'alice' }).emit('now').emit('later');
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.nextEvent()).toEqual({ event: 'now', data: 'tenant of /rooms?1' });
    expect(await client.nextEvent()).toEqual({ event: 'later', data: 'tenant of /rooms?1' });
  });

  it('is undefined where nothing has set one up', async () => {
    await using app = await startRooms({});
    expect(await contextsOf(app, '/rooms')).toEqual([undefined, undefined, undefined]);
  });
});

describe('the context that a strategy sets up', () => {
  it('by enterWith() before it succeeds holds in handlers', async () => {
    await using app = await startRooms({}, (request) => {
      tenant.enterWith(`tenant of ${bearerOf(request)}`);
      return accept(request);
    });
    expect(await contextsOf(app, '/rooms')).toEqual(Array(3).fill('tenant of alice'));
    const gateway = app.nest.get(RoomsGateway);
    expect(gateway.seen).toEqual([['handleConnection', 'tenant of alice']]);
  });

  it('is replaced when the client authenticates again', async () => {
    let runs = 0;
    await using app = await startRooms({ userId: () => 'alice' }, (request) => {
      runs += 1;
      tenant.enterWith(`run ${runs}`);
      return accept(request);
    });
    const client = await app.connect('/rooms', asUser('old')).opened();
    expect(await client.ask('now')).toBe('run 1');
    client.emit('authenticate', { token: 'new' });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.ask('now')).toBe('run 2');
  });
});

describe('K10e: a strategy that looks up the users of several clients together', () => {
  const names = ['alice', 'bob', 'carol'];

  /** Calls back for all clients in the context of the last one, as a batch does. */
  function batchStrategy(): Provider {
    const calls: (() => void)[] = [];
    class BatchStrategy {
      authenticate(this: StrategyActions, request: IncomingMessage): void {
        calls.push(() => this.success({ id: bearerOf(request) }));
        if (calls.length === names.length) {
          setImmediate(() => calls.forEach((call) => call()));
        }
      }
    }
    @Injectable()
    class TestStrategy extends PassportStrategy(
      BatchStrategy as unknown as typeof CustomStrategy,
      'custom',
    ) {
      validate(): void {}
    }
    return TestStrategy;
  }

  it('leaves each connection the context of its own middleware', async () => {
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'custom', middleware: [inContext] })],
      providers: [RoomsGateway, batchStrategy()],
    });
    const clients = await Promise.all(
      names.map((name) => app.connect(`/rooms?${name}`, asUser(name)).opened()),
    );
    const found = await Promise.all(clients.map((client) => client.ask('later')));
    expect(found).toEqual(names.map((name) => `tenant of /rooms?${name}`));
  });
});

/** Sets nothing up itself: what it finds is what others have left. */
@Injectable()
class TenantInterceptor implements NestInterceptor {
  constructor(private readonly cls: ClsService) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return defer(() => {
      this.cls.setIfUndefined('interceptor', 'was here');
      return next.handle();
    });
  }
}

@WebSocketGateway({ path: '/cls' })
class ClsGateway {
  greeted: unknown;

  constructor(private readonly cls: ClsService) {}

  handleConnection(): void {
    this.greeted = { id: this.cls.getId(), user: this.cls.get('user') };
  }

  @UseInterceptors(TenantInterceptor)
  @SubscribeMessage('connection')
  connection(): WsResponse<unknown> {
    const { cls } = this;
    const data = {
      id: cls.getId(),
      user: cls.get<TestUser>('user'),
      interceptor: cls.get('interceptor'),
    };
    return { event: 'connection', data };
  }

  @UseInterceptors(ClsInterceptor)
  @SubscribeMessage('message')
  message(): WsResponse<unknown> {
    const user: unknown = this.cls.get('user') ?? 'nobody';
    return { event: 'message', data: { id: this.cls.getId(), user } };
  }
}

/** What a handler finds on a connection of that user. */
const expected = (id: number, user: string) => ({
  id: `connection ${id}`,
  user: { id: user },
  interceptor: 'was here',
});

describe('nestjs-cls', () => {
  let connections = 0;
  let messages = 0;

  function startWithCls(): Promise<TestApp> {
    const { use } = new ClsMiddleware({
      generateId: true,
      idGenerator: () => `connection ${(connections += 1)}`,
      saveReq: false,
      saveRes: false,
    });
    return startApp({
      imports: [
        ClsModule.forRoot({
          global: true,
          interceptor: { generateId: true, idGenerator: () => `message ${(messages += 1)}` },
        }),
        WsAuthModule.forRoot({
          strategy: 'custom',
          credentials: [fromAuthorizationHeader()],
          middleware: [use as WsAuthMiddleware],
        }),
      ],
      providers: [
        ClsGateway,
        customStrategy('custom', async (request) => {
          await turns(1);
          const user = { id: bearerOf(request)! };
          ClsServiceManager.getClsService().set('user', user);
          return user;
        }),
      ],
    });
  }

  it('keeps what its middleware and the strategy have set, for the whole connection', async () => {
    await using app = await startWithCls();
    const alice = await app.connect('/cls', asUser('alice')).opened();
    const bob = await app.connect('/cls', asUser('bob')).opened();
    const [ofAlice, ofBob] = [connections - 1, connections];
    expect(await alice.ask('connection')).toEqual(expected(ofAlice, 'alice'));
    expect(await bob.ask('connection')).toEqual(expected(ofBob, 'bob'));
    expect(await alice.ask('connection')).toEqual(expected(ofAlice, 'alice'));
    expect(app.nest.get(ClsGateway).greeted).toEqual({
      id: `connection ${ofBob}`,
      user: { id: 'bob' },
    });
  });

  it('may set up a context for each message, and finds that of the connection again', async () => {
    await using app = await startWithCls();
    const client = await app.connect('/cls', asUser('alice')).opened();
    const before = messages;
    expect(await client.ask('message')).toEqual({ id: `message ${before + 1}`, user: 'nobody' });
    expect(await client.ask('message')).toEqual({ id: `message ${before + 2}`, user: 'nobody' });
    expect(await client.ask('connection')).toMatchObject({ id: `connection ${connections}` });
  });
});
