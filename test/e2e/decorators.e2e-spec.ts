import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  ParseIntPipe,
  Scope,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  sessionOf,
  userOf,
  WsAuthGuard,
  WsAuthModule,
  WsAuthNoSessionError,
  WsAuthSession,
  WsPublic,
  WsSession,
  WsUser,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startApp, startGateways } from '../support/app.js';
import { ask } from '../support/http.js';
import { nestDoes } from '../support/nest-11.js';
import { JwtStrategy, type TestUser } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';

class ShoutPipe implements PipeTransform {
  transform(value: unknown): string {
    return `${String(value)}!`;
  }
}

@WebSocketGateway()
class DecoratedGateway {
  readonly seen: unknown[] = [];

  handleConnection(client: WebSocket): void {
    this.seen.push(userOf(client), sessionOf(client)?.extractor);
  }

  handleDisconnect(client: WebSocket): void {
    this.seen.push(userOf<TestUser>(client).id);
  }

  @SubscribeMessage('user')
  user(@WsUser() user: TestUser) {
    return { event: 'user', data: user };
  }

  @SubscribeMessage('id')
  id(@WsUser('id') id: string, @WsUser('toString') inherited: unknown) {
    return { event: 'id', data: { id, inherited: typeof inherited } };
  }

  @SubscribeMessage('piped')
  piped(@WsUser('id', ShoutPipe) id: string, @MessageBody(ParseIntPipe) body: number) {
    return { event: 'piped', data: [id, body] };
  }

  @SubscribeMessage('missing')
  missing(@WsUser('no such field') field: unknown) {
    return { event: 'missing', data: typeof field };
  }

  @SubscribeMessage('session')
  session(@WsSession() session: WsAuthSession<TestUser>) {
    const { user, userId, strategy, extractor, anonymous } = session;
    return { event: 'session', data: { user, userId, strategy, extractor, anonymous } };
  }

  @SubscribeMessage('property')
  property(client: WebSocket & { user?: unknown; account?: unknown }) {
    return { event: 'property', data: { user: client.user, account: client.account } };
  }
}

describe('handler parameters', () => {
  it('are the user, a field of it, and the session', async () => {
    await using app = await startGateways({}, [DecoratedGateway]);
    const client = await app.connect('/', bearer()).opened();
    expect(await client.ask('user')).toEqual({ id: 'alice' });
    expect(await client.ask('id')).toMatchObject({ id: 'alice' });
    expect(await client.ask('missing')).toBe('undefined');
    expect(await client.ask('session')).toEqual({
      user: { id: 'alice' },
      userId: 'alice',
      strategy: 'jwt',
      extractor: 'fromAuthorizationHeader',
      anonymous: false,
    });
  });

  it('go through pipes', async () => {
    await using app = await startGateways({}, [DecoratedGateway]);
    const client = await app.connectAs('alice');
    expect(await client.ask('piped', '42')).toEqual(['alice!', 42]);
  });

  it('are the same after the first message', async () => {
    await using app = await startGateways({}, [DecoratedGateway]);
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('bob') });
    await client.next();
    expect(await client.ask('user')).toEqual({ id: 'bob' });
    expect(await client.ask('property')).toEqual({ user: { id: 'bob' } });
  });

  it('belong to the client that sent the message', async () => {
    await using app = await startGateways({}, [DecoratedGateway]);
    const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const clients = await Promise.all(names.map((name) => app.connectAs(name)));
    const answers = await Promise.all(clients.map((client) => client.ask('user')));
    expect(answers).toEqual(names.map((id) => ({ id })));
  });
});

describe('userOf() and sessionOf()', () => {
  it('work in handleConnection and in handleDisconnect', async () => {
    await using app = await startGateways({}, [DecoratedGateway]);
    const { seen } = app.nest.get(DecoratedGateway);
    const client = await app.connect('/', bearer()).opened();
    await client.ask('user');
    await client[Symbol.asyncDispose]();
    await app.nest.close();
    expect(seen).toEqual([{ id: 'alice' }, 'fromAuthorizationHeader', 'alice']);
  });

  it('know no other object: userOf() throws, sessionOf() is undefined', () => {
    expect(() => userOf({})).toThrow(WsAuthNoSessionError);
    expect(sessionOf({ user: { id: 'alice' } })).toBeUndefined();
  });
});

describe('the client', () => {
  it('carries the user as `user`', async () => {
    await using app = await startGateways({}, [DecoratedGateway]);
    const client = await app.connectAs('alice');
    expect(await client.ask('property')).toEqual({ user: { id: 'alice' } });
  });

  it('carries it under another name, if asked to', async () => {
    await using app = await startGateways({ property: 'account' }, [DecoratedGateway]);
    const client = await app.connectAs('alice');
    expect(await client.ask('property')).toEqual({ account: { id: 'alice' } });
  });

  it('is a request to an HTTP guard, which reads the user from it', async () => {
    class RolesGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const { user } = context.switchToHttp().getRequest<{ user?: TestUser }>();
        return user?.id === 'admin';
      }
    }
    @WebSocketGateway()
    class AdminGateway {
      @UseGuards(RolesGuard)
      @SubscribeMessage('admin')
      admin() {
        return { event: 'admin', data: 'welcome' };
      }
    }
    await using app = await startGateways({}, [AdminGateway]);
    const admin = await app.connectAs('admin');
    expect(await admin.ask('admin')).toBe('welcome');
    const alice = await app.connectAs('alice');
    expect(await alice.emit('admin').nextEvent()).toMatchObject({
      event: 'exception',
      data: { message: 'Forbidden resource' },
    });
  });
});

const optional: WsAuthModuleOptions = { optional: true, credentials: [fromAuthorizationHeader()] };

@WebSocketGateway()
class OptionalGateway {
  @SubscribeMessage('read')
  read(@WsUser() user: TestUser | null, @WsSession() session: WsAuthSession) {
    return { event: 'read', data: { user, anonymous: session.anonymous } };
  }

  @SubscribeMessage('field')
  field(@WsUser('id') id: unknown) {
    return { event: 'field', data: typeof id };
  }

  @UseGuards(WsAuthGuard)
  @SubscribeMessage('write')
  write(@WsUser('id') id: string) {
    return { event: 'write', data: id };
  }
}

const unauthorized = { event: 'exception', data: { status: 'error', message: 'Unauthorized' } };

describe('WsAuthGuard with optional authentication', () => {
  it('keeps anonymous clients out of single handlers, and echoes nothing', async () => {
    await using app = await startGateways(optional, [OptionalGateway]);
    const client = await app.connect().opened();
    expect(await client.ask('read')).toEqual({ user: null, anonymous: true });
    expect(await client.ask('field')).toBe('undefined');
    client.emit('write', { secret: 'canary' });
    expect(await client.nextEvent()).toEqual(unauthorized);
  });

  it('accepts users', async () => {
    await using app = await startGateways(optional, [OptionalGateway]);
    const client = await app.connectAs('alice');
    expect(await client.ask('read')).toEqual({ user: { id: 'alice' }, anonymous: false });
    expect(await client.ask('write')).toBe('alice');
  });

  it('does not turn a bad credential into an anonymous client', async () => {
    await using app = await startGateways(optional, [OptionalGateway]);
    const headers = { authorization: 'Bearer wrong' };
    expect((await app.connect('/', { headers }).refusal()).status).toBe(401);
  });
});

describe('WsAuthGuard as APP_GUARD', () => {
  @Controller()
  class HelloController {
    @Get()
    hello(): string {
      return 'hello';
    }
  }

  @WsPublic()
  @WebSocketGateway({ path: '/public' })
  class PublicGateway {
    @SubscribeMessage('ping')
    ping() {
      return { event: 'pong', data: 1 };
    }
  }

  @Module({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...optional })],
    controllers: [HelloController],
    providers: [
      JwtStrategy,
      OptionalGateway,
      PublicGateway,
      { provide: APP_GUARD, useClass: WsAuthGuard },
    ],
  })
  class AppModule {}

  it('guards every message, and neither HTTP nor public gateways', async () => {
    if (!nestDoes.runGlobalGuards) {
      await expect(startApp({ imports: [AppModule] })).rejects.toThrow(
        /^WsAuthGuard: this version of Nest does not run global guards/,
      );
      return;
    }
    await using app = await startApp({ imports: [AppModule] });
    expect(await ask(app.origin)).toMatchObject({ status: 200, body: 'hello' });
    const anonymous = await app.connect().opened();
    expect(await anonymous.emit('read').nextEvent()).toEqual(unauthorized);
    const alice = await app.connect('/', bearer()).opened();
    expect(await alice.ask('read')).toMatchObject({ user: { id: 'alice' } });
    const visitor = await app.connect('/public').opened();
    expect(await visitor.ask('ping')).toBe(1);
  });
});

describe('a request-scoped gateway', () => {
  @Injectable({ scope: Scope.REQUEST })
  class CurrentUser {
    constructor(@Inject(REQUEST) private readonly client: object) {}

    get id(): string {
      return userOf<TestUser>(this.client).id;
    }
  }

  @WebSocketGateway()
  class ScopedGateway {
    constructor(private readonly current: CurrentUser) {}

    @SubscribeMessage('who')
    who(@WsUser('id') id: string) {
      return { event: 'who', data: [id, this.current.id] };
    }
  }

  it('is made for the client, which has its user by then', async () => {
    await using app = await startGateways({}, [CurrentUser, ScopedGateway]);
    const [alice, bob] = await Promise.all([app.connectAs('alice'), app.connectAs('bob')]);
    if (!nestDoes.createScopedGateways) {
      expect(await alice.ask('who')).toMatchObject({ message: 'Internal server error' });
      return;
    }
    expect(await alice.ask('who')).toEqual(['alice', 'alice']);
    expect(await bob.ask('who')).toEqual(['bob', 'bob']);
  });
});

describe('a user', () => {
  it('has the key that the application chooses', async () => {
    await using app = await startGateways({ userId: ({ id }: TestUser) => `tenant:${id}` }, [
      DecoratedGateway,
    ]);
    const client = await app.connectAs('alice');
    expect(await client.ask('session')).toMatchObject({ userId: 'tenant:alice' });
  });
});

describe('an exception as Nest 11 sends it', () => {
  /** The exception filter of Nest 11 calls `client.emit()`, which for a native socket stays in the process. */
  @WebSocketGateway()
  class ElevenGateway {
    @SubscribeMessage('fail')
    fail(client: WebSocket): void {
      client.emit('exception', { status: 'error', message: 'Unauthorized' });
    }
  }

  it('reaches the client, as it does with Nest 12', async () => {
    await using app = await startGateways({}, [ElevenGateway]);
    const client = await app.connectAs('alice');
    expect(await client.emit('fail').nextEvent()).toEqual({
      event: 'exception',
      data: { status: 'error', message: 'Unauthorized' },
    });
  });
});
