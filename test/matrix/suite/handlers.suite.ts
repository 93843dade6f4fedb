import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Catch,
  Controller,
  Get,
  Injectable,
  ParseIntPipe,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import {
  fromAuthorizationHeader,
  sessionOf,
  userOf,
  WsAuthGuard,
  WsAuthModule,
  WsSession,
  WsUser,
  type WsAuthModuleOptions,
  type WsAuthSession,
} from 'nestjs-ws-auth';
import { map } from 'rxjs';
import type { WebSocket } from 'ws';
import { ask } from '../../support/http.js';
import { tokenOf } from '../../support/tokens.js';
import { bearer, login, nestMajor, start, type User } from './application.js';

@Injectable()
class ShoutPipe implements PipeTransform {
  transform(value: unknown): string {
    return `${String(value)}!`;
  }
}

/** Written for HTTP: it reads `request.user`. */
@Injectable()
class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ user: User }>().user.id === 'admin';
  }
}

@Injectable()
class StampInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<{ readonly event: string }>) {
    const session = sessionOf<User>(context.switchToWs().getClient<WebSocket>());
    return next.handle().pipe(map(({ event }) => ({ event, data: session?.user.id })));
  }
}

@Catch(WsException)
class ForbiddenFilter implements ExceptionFilter {
  catch(_exception: WsException, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<WebSocket>();
    client.send(JSON.stringify({ event: 'forbidden', data: userOf<User>(client).id }));
  }
}

@WebSocketGateway({ path: '/rooms' })
class RoomsGateway {
  readonly log: string[] = [];

  handleConnection(client: WebSocket): void {
    this.log.push(`${userOf<User>(client).id} came`);
  }

  handleDisconnect(client: WebSocket): void {
    this.log.push(`${userOf<User>(client).id} left`);
  }

  @SubscribeMessage('profile')
  profile(
    @WsUser() user: User,
    @WsUser<User>('id') id: string,
    @WsSession() session: WsAuthSession,
  ) {
    return { event: 'profile', data: [user, id, session.strategy, session.anonymous] };
  }

  @SubscribeMessage('pipes')
  pipes(@WsUser('id', ShoutPipe) id: string, @MessageBody('count', ParseIntPipe) count: number) {
    return { event: 'pipes', data: [id, count] };
  }

  @SubscribeMessage('count')
  count(@MessageBody() count: number, @WsUser('id') id: string) {
    return { event: 'count', data: `${id} ${count}` };
  }

  @UseGuards(AdminGuard)
  @UseFilters(ForbiddenFilter)
  @SubscribeMessage('admin')
  admin() {
    return { event: 'admin', data: 'at your service' };
  }

  @UseInterceptors(StampInterceptor)
  @SubscribeMessage('intercepted')
  intercepted() {
    return { event: 'intercepted' };
  }

  @SubscribeMessage('broken')
  broken() {
    throw new WsException('no such room');
  }

  @UseGuards(WsAuthGuard)
  @SubscribeMessage('members')
  members(@WsUser('id') id: string) {
    return { event: 'members', data: id };
  }

  @SubscribeMessage('guests')
  guests(@WsSession() session: WsAuthSession) {
    return { event: 'guests', data: session.anonymous };
  }
}

@Controller()
class HealthController {
  @Get('health')
  health() {
    return 'healthy';
  }
}

/** Nest 11 runs no global guards for gateways, and an application with this one refuses to boot. */
const globalGuard = nestMajor() < 12 ? [] : [{ provide: APP_GUARD, useClass: WsAuthGuard }];

const startRooms = (options: WsAuthModuleOptions = {}) =>
  start({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
    controllers: [HealthController],
    providers: [RoomsGateway, ...globalGuard],
  });

describe('a gateway', () => {
  it('meets clients with their user, and takes leave of them', async () => {
    await using app = await startRooms();
    const gateway = app.nest.get(RoomsGateway);
    const client = await app.connect('/rooms', bearer()).opened();
    await client.ask('count', 1);
    assert.deepEqual(gateway.log, ['alice came']);
    await app.nest.close();
    await client.closed();
    assert.deepEqual(gateway.log, ['alice came', 'alice left']);
  });

  it('never meets a client that is refused', async () => {
    await using app = await startRooms();
    const client = await app.connect('/rooms').opened();
    client.emit('count', 1);
    await client.closed();
    assert.deepEqual(app.nest.get(RoomsGateway).log, []);
  });
});

describe('a handler', () => {
  it('is given the user, a field of it and the session', async () => {
    await using app = await startRooms();
    const client = await app.connect('/rooms', bearer()).opened();
    assert.deepEqual(await client.ask('profile'), [{ id: 'alice' }, 'alice', 'jwt', false]);
  });

  it('has its pipes', async () => {
    await using app = await startRooms();
    const client = await app.connect('/rooms', bearer()).opened();
    assert.deepEqual(await client.ask('pipes', { count: '7' }), ['alice!', 7]);
  });

  it('has its guards, written for HTTP, and its filters', async () => {
    await using app = await startRooms();
    const admin = await app.connect('/rooms', bearer('admin')).opened();
    assert.deepEqual(await admin.ask('admin'), 'at your service');
    const alice = await app.connect('/rooms', bearer('alice')).opened();
    assert.deepEqual(await alice.emit('admin').nextEvent(), { event: 'forbidden', data: 'alice' });
  });

  it('has its interceptors', async () => {
    await using app = await startRooms();
    const client = await app.connect('/rooms', bearer()).opened();
    assert.equal(await client.ask('intercepted'), 'alice');
  });

  it('sends its exceptions to the client', async () => {
    await using app = await startRooms();
    const client = await app.connect('/rooms', bearer()).opened();
    const { event, data } = await client.emit('broken').nextEvent();
    assert.equal(event, 'exception');
    assert.equal((data as { message: string }).message, 'no such room');
  });

  it('gets what a client sent before it was authenticated: all of it, in order', async () => {
    await using app = await startRooms();
    const client = await app.connect('/rooms').opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    const counts = Array.from({ length: 50 }, (_, count) => count);
    counts.forEach((count) => client.emit('count', count));
    assert.equal((await client.nextEvent()).event, 'authenticated');
    for (const count of counts) {
      assert.deepEqual(await client.nextEvent(), { event: 'count', data: `alice ${count}` });
    }
  });
});

describe('WsAuthGuard', () => {
  it('lets users pass, and HTTP, as APP_GUARD', async () => {
    await using app = await startRooms();
    const client = await login(app.connect('/rooms'));
    assert.equal(await client.ask('members'), 'alice');
    const { status, body } = await ask(`${app.origin}/health`);
    assert.deepEqual([status, body], [200, 'healthy']);
  });

  it('keeps anonymous clients out of a handler', async () => {
    const options = { optional: true, credentials: [fromAuthorizationHeader()] };
    await using app = await startAnonymous(options);
    const client = await app.connect('/rooms').opened();
    assert.equal(await client.ask('guests'), true);
    const { event, data } = await client.emit('members').nextEvent();
    assert.equal(event, 'exception');
    assert.deepEqual(data, { status: 'error', message: 'Unauthorized' });
  });
});

/** Without the global guard, which Nest 12 also runs before handlers of gateways. */
const startAnonymous = (options: WsAuthModuleOptions) =>
  start({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
    providers: [AnonymousRoomsGateway],
  });

@WebSocketGateway({ path: '/rooms' })
class AnonymousRoomsGateway extends RoomsGateway {
  override handleConnection(): void {}
  override handleDisconnect(): void {}
}
