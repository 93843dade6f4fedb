import {
  Inject,
  Injectable,
  Scope,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  sessionOf,
  userOf,
  WsAuthGuard,
  WsUser,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { bootError, startProtected } from '../support/app.js';
import { nestDoes } from '../support/nest-11.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { WsAuthModule } from '../../lib/index.js';
import { enter, sessionOfUser, sessionsOf, startWithVerdicts } from '../support/connections.js';

/** As applications have it for their HTTP routes. */
@Injectable()
class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string | undefined>('role', context.getHandler());
    const { user } = context
      .switchToHttp()
      .getRequest<{ readonly user?: { readonly roles?: readonly string[] } }>();
    return role === undefined || (user?.roles?.includes(role) ?? false);
  }
}

@WebSocketGateway()
class AdminGateway {
  @UseGuards(RolesGuard)
  @SetMetadata('role', 'admin')
  @SubscribeMessage('reboot')
  reboot() {
    return { event: 'rebooted', data: true };
  }
}

const forbidden = { event: 'exception', data: { status: 'error', message: 'Forbidden resource' } };

describe('a RolesGuard made for HTTP', () => {
  it('reads the user of a connection, unchanged', async () => {
    await using app = await startProtected({}, [AdminGateway]);
    const admin = await app.connectAs({ id: 'a', roles: ['admin'] });
    const guest = await app.connectAs({ id: 'g', roles: [] });
    expect(await admin.emit('reboot').nextEvent()).toEqual({ event: 'rebooted', data: true });
    expect(await guest.emit('reboot').nextEvent()).toMatchObject(forbidden);
  });

  it('sees what a renewal gives and takes', async () => {
    const verdicts = { admin: { id: 'a', roles: ['admin'] }, guest: { id: 'a', roles: [] } };
    await using app = await startWithVerdicts(verdicts, {}, [AdminGateway]);
    const client = await enter(app, 'admin');
    await client.emit('authenticate', { token: 'guest' }).next();
    expect(await client.emit('reboot').nextEvent()).toMatchObject(forbidden);
    sessionsOf(app).refresh(sessionOfUser(app, 'a').id, verdicts.admin);
    await client.next();
    expect(await client.emit('reboot').nextEvent()).toEqual({ event: 'rebooted', data: true });
  });

  it('keeps an anonymous client out', async () => {
    const options = { credentials: [fromAuthorizationHeader()], optional: true };
    await using app = await startProtected(options, [AdminGateway]);
    const client = await app.connect().opened();
    expect(await client.emit('reboot').nextEvent()).toMatchObject(forbidden);
  });
});

describe('WsAuthGuard', () => {
  const options: WsAuthModuleOptions = {
    credentials: [fromAuthorizationHeader()],
    optional: true,
  };
  const guard = { provide: APP_GUARD, useClass: WsAuthGuard };
  const runsNoGlobalGuards = /^WsAuthGuard: this version of Nest does not run global guards/;

  it('as APP_GUARD denies an anonymous session, echoes nothing, and keeps the connection', async () => {
    if (!nestDoes.runGlobalGuards) {
      await expect(startProtected(options, [guard])).rejects.toThrow(runsNoGlobalGuards);
      return;
    }
    await using app = await startProtected(options, [guard]);
    const client = await app.connect().opened();
    for (let round = 0; round < 2; round += 1) {
      expect(await client.emit('echo', { secret: 'canary' }).nextEvent()).toEqual({
        event: 'exception',
        data: { status: 'error', message: 'Unauthorized' },
      });
    }
    expect([...sessionsOf(app)]).toMatchObject([{ anonymous: true }]);
  });

  it('as APP_GUARD lets users pass, also after a renewal', async () => {
    if (!nestDoes.runGlobalGuards) {
      await expect(startProtected(options, [guard])).rejects.toThrow(runsNoGlobalGuards);
      return;
    }
    await using app = await startProtected(options, [guard]);
    const client = await enter(app, tokenOf('alice'));
    expect(await client.ask('echo', 1)).toBe(1);
    await client.emit('authenticate', { token: tokenOf('alice') }).next();
    expect(await client.ask('echo', 2)).toBe(2);
  });
});

describe('a request-scoped gateway', () => {
  @Injectable({ scope: Scope.REQUEST })
  class Caller {
    constructor(@Inject(REQUEST) readonly client: WebSocket) {}
  }

  @WebSocketGateway()
  class ScopedGateway {
    constructor(private readonly caller: Caller) {}

    @SubscribeMessage('scoped')
    scoped(@ConnectedSocket() client: WebSocket, @WsUser('name') name: string) {
      const { client: injected } = this.caller;
      const names = [name, userOf<{ name: string }>(client).name];
      return { event: 'scoped', data: [...names, sessionOf(injected)?.userId] };
    }
  }

  it('has the session, and the new one after a renewal', async () => {
    await using app = await startProtected({}, [Caller, ScopedGateway]);
    const client = await app.connectAs({ id: 'a', name: 'old' });
    if (!nestDoes.createScopedGateways) {
      expect(await client.ask('scoped')).toMatchObject({ message: 'Internal server error' });
      return;
    }
    expect(await client.ask('scoped')).toEqual(['old', 'old', 'a']);
    client.renew({ id: 'a', name: 'new' });
    await client.next();
    expect(await client.ask('scoped')).toEqual(['new', 'new', 'a']);
  });
});

describe('the property that holds the user', () => {
  it.each(['send', 'wsAuthGate', 'emit', 'readyState', '_socket', '__proto__', ''])(
    'cannot be %j, which the socket needs itself',
    async (property) => {
      const imports = [WsAuthModule.forRoot({ strategy: 'jwt', property })];
      const error = await bootError({ imports, providers: [JwtStrategy, AdminGateway] });
      expect(error.message).toContain('property');
    },
  );
});
