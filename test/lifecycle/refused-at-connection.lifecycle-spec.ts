import {
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  NotFoundException,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type LoggerService,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import {
  WsAuthConfigurationError,
  WsAuthModule,
  WsPublic,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { bootError, startGateways, type TestApp } from '../support/app.js';
import { recordEvents } from '../support/events.js';
import { nestDoes } from '../support/nest-11.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer } from '../support/tokens.js';
import { turns } from '../support/turns.js';

/** What happened, in order. */
let seen: string[] = [];
let lines: string[] = [];
/** Has the guard decide that waits. */
let decide: (admits: boolean) => void = () => undefined;

beforeEach(() => {
  seen = [];
  lines = [];
});

const log = (text: unknown, context?: unknown) =>
  void (context === 'WsAuth' && lines.push(String(text)));
const logger: LoggerService = { log: () => undefined, warn: log, error: log, debug: log };

@Injectable()
class RolesGuard implements CanActivate {
  static decide: () => boolean | Promise<boolean> = () => false;

  canActivate(): boolean | Promise<boolean> {
    return RolesGuard.decide();
  }
}

@Injectable()
class FirstGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

class ThrowingGuard implements CanActivate {
  canActivate(): boolean {
    throw new WsException('SECRET');
  }
}

class Notes {
  handleDisconnect(): void {
    seen.push('leaves');
  }

  @SubscribeMessage('note')
  note(@MessageBody() data: unknown): object {
    seen.push(`note ${String(data)}`);
    return { event: 'note', data };
  }
}

/** A gateway with these guards on its hook. */
function guarded(...guards: (CanActivate | Type<CanActivate>)[]): Type<object> {
  @WebSocketGateway({ path: '/chat' })
  class Gateway extends Notes {
    @UseGuards(...guards)
    handleConnection(): void {
      seen.push('begins');
    }
  }
  return Gateway;
}

function start(providers: Provider[], options: WsAuthModuleOptions = {}): Promise<TestApp> {
  return startGateways(options, providers, { logger });
}

const arrive = (app: TestApp, path = '/chat') => app.connect(path, bearer());

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await turns(1);
  }
}

describe('a client that a guard refuses at the connection', () => {
  it.each([
    ['returns false', [FirstGuard, RolesGuard], 'RolesGuard', 'ERR_WS_AUTH_NOT_PERMITTED'],
    ['throws', [FirstGuard, ThrowingGuard], 'ThrowingGuard', 'ERR_WS_AUTH_NOT_PERMITTED'],
    ['is an instance', [new ThrowingGuard()], 'ThrowingGuard', 'ERR_WS_AUTH_NOT_PERMITTED'],
  ])('is reported with the class of the guard that %s', async (_how, guards, guard, code) => {
    RolesGuard.decide = () => false;
    await using app = await start([guarded(...guards)], { refusalLogLevel: 'warn' });
    const events = recordEvents(app);
    await arrive(app)
      .opened()
      .then((client) => client.closed());
    const refused = events.flatMap(([name, payload]) => (name === 'refused' ? [payload] : []));
    expect(refused).toEqual([
      { code, phase: 'message', path: '/chat', address: '127.0.0.1', diagnosis: { guard } },
    ]);
    const line = `refused ${code} phase=message path=/chat address=127.0.0.1 guard=${guard}`;
    expect(lines.filter((each) => each.startsWith('refused'))).toEqual([line]);
    expect(JSON.stringify([lines, refused])).not.toContain('SECRET');
  });

  it('is reported once, and one whom the hook refuses is not a refusal of a guard', async () => {
    RolesGuard.decide = () => true;
    await using app = await start([guarded(RolesGuard)]);
    const events = recordEvents(app);
    const client = await arrive(app).opened();
    expect(await client.ask('note', 1)).toBe(1);
    expect(events.map(([name]) => name)).not.toContain('refused');
  });
});

describe('a client that handleConnection refuses by an exception', () => {
  it.each([
    ['a WsException', new WsException('SECRET'), 'ERR_WS_AUTH_NOT_PERMITTED'],
    ['a 401', new UnauthorizedException('SECRET'), 'ERR_WS_AUTH_CREDENTIAL_REQUIRED'],
    ['a 403', new ForbiddenException('SECRET'), 'ERR_WS_AUTH_NOT_PERMITTED'],
    ['another 4xx', new NotFoundException('SECRET'), 'ERR_WS_AUTH_NOT_PERMITTED'],
  ])('K5d: is reported as refused for %s, and is no error in the log', async (_what, no, code) => {
    const levels: string[] = [];
    @WebSocketGateway({ path: '/chat' })
    class Gateway {
      async handleConnection(): Promise<void> {
        await Promise.reject(no);
      }
    }
    const error = () => void levels.push('error');
    await using app = await startGateways({ refusalLogLevel: 'warn' }, [Gateway], {
      logger: { ...logger, error },
    });
    const events = recordEvents(app);
    await arrive(app)
      .opened()
      .then((client) => client.closed());
    const diagnosis = { guard: 'Gateway.handleConnection' };
    expect(events.find(([name]) => name === 'refused')).toEqual([
      'refused',
      { code, phase: 'message', path: '/chat', address: '127.0.0.1', diagnosis },
    ]);
    expect(lines.filter((each) => each.startsWith('refused'))).toEqual([
      `refused ${code} phase=message path=/chat address=127.0.0.1 guard=Gateway.handleConnection`,
    ]);
    expect(levels).toEqual([]);
    expect(JSON.stringify([lines, events])).not.toContain('SECRET');
  });
});

describe('an exception of handleConnection that cannot be read', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each([
    ['throws', () => Promise.reject(revoked.proxy as Error)],
    ['returns', () => new Observable((subscriber) => subscriber.error(revoked.proxy))],
  ])(
    'K12d: closes its client, and does not end the process: one that it %s',
    async (_how, hook) => {
      @WebSocketGateway({ path: '/chat' })
      class Gateway {
        handleConnection(): unknown {
          return hook();
        }
      }
      await using app = await start([Gateway]);
      const client = await arrive(app).opened();
      expect(await client.closed()).toEqual({ code: 1011, reason: 'internal error' });
    },
  );
});

/** Gateways without handleConnection. */
function silent(...decorators: ClassDecorator[]): Type<object> {
  @WebSocketGateway({ path: '/chat' })
  class Gateway extends Notes {}
  decorators.forEach((decorate) => decorate(Gateway));
  return Gateway;
}

describe('connectionGuards of a gateway without handleConnection', () => {
  it.each([
    ['class', () => [silent(UseGuards(RolesGuard))]],
    ['application', () => [silent(), { provide: APP_GUARD, useClass: RolesGuard }]],
    ['public class', () => [silent(UseGuards(RolesGuard), WsPublic())]],
  ])('run for the connection: those of the %s', async (_where, providers) => {
    RolesGuard.decide = () => false;
    await using app = await start(providers(), { connectionGuards: true });
    const client = await arrive(app).opened();
    client.emit('note', 1);
    expect(await client.closed()).toEqual({ code: 3003, reason: 'not permitted' });
    await turns(100);
    expect(seen).toEqual([]);
    RolesGuard.decide = () => true;
    const other = await arrive(app).opened();
    expect(await other.ask('note', 2)).toBe(2);
    await other[Symbol.asyncDispose]();
    await until(() => seen.includes('leaves'));
  });

  it.runIf(nestDoes.createScopedGateways)('run where Nest makes the gateway anew', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Caller {
      constructor(@Inject(REQUEST) readonly client: WebSocket) {}
    }
    @UseGuards(RolesGuard)
    @WebSocketGateway({ path: '/chat' })
    class Gateway extends Notes {
      constructor(readonly caller: Caller) {
        super();
      }
    }
    RolesGuard.decide = () => false;
    await using app = await start([Caller, Gateway], { connectionGuards: true });
    const client = await arrive(app).opened();
    client.emit('note', 1);
    expect(await client.closed()).toEqual({ code: 3003, reason: 'not permitted' });
    expect(seen).toEqual([]);
  });

  it('do not run without the option', async () => {
    RolesGuard.decide = () => {
      seen.push('asked');
      return true;
    };
    await using app = await start([silent(UseGuards(RolesGuard))]);
    await arrive(app).opened();
    await turns(100);
    expect(seen).toEqual([]);
  });
});

describe('a request-scoped gateway', () => {
  @Injectable({ scope: Scope.REQUEST })
  class Caller {
    constructor(@Inject(REQUEST) readonly client: WebSocket) {}
  }

  it.each(['handleConnection', 'handleDisconnect'])(
    'with %s as a field refuses to boot, since nothing could guard it',
    async (name) => {
      if (!nestDoes.createScopedGateways) {
        return;
      }
      @WebSocketGateway()
      class Base {
        constructor(readonly caller: Caller) {}
      }
      class WithConnection extends Base {
        handleConnection = (): void => undefined;
      }
      class WithDisconnect extends Base {
        handleDisconnect = (): void => undefined;
      }
      const gateway = name === 'handleConnection' ? WithConnection : WithDisconnect;
      Inject(Caller)(gateway, undefined, 0);
      WebSocketGateway()(gateway);
      const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];
      const error = await bootError({ imports, providers: [JwtStrategy, Caller, gateway] });
      expect(error).toBeInstanceOf(WsAuthConfigurationError);
      expect(error.message).toMatch(
        new RegExp(
          `^${gateway.name}\\.${name}: it is a field .*; write a method, ${name}\\(client\\)`,
        ),
      );
    },
  );

  it.runIf(nestDoes.createScopedGateways)(
    'that calls super.handleConnection() is refused by what that throws, and does not go on',
    async () => {
      @WebSocketGateway({ path: '/base' })
      class Base extends Notes {
        constructor(readonly caller: Caller) {
          super();
        }

        handleConnection(_client: WebSocket): Promise<void> | void {
          seen.push('base begins');
          throw new WsException('Unauthorized');
        }
      }
      @WebSocketGateway({ path: '/chat' })
      class Derived extends Base {
        override async handleConnection(client: WebSocket): Promise<void> {
          await super.handleConnection(client);
          seen.push('derived goes on');
        }
      }
      await using app = await start([Caller, Base, Derived]);
      for (const path of ['/chat', '/base']) {
        seen = [];
        const client = await arrive(app, path).opened();
        client.emit('note', 1);
        expect(await client.nextEvent()).toMatchObject({ event: 'exception' });
        expect(await client.closed()).toEqual({ code: 3000, reason: 'credential required' });
        await until(() => seen.includes('leaves'));
        expect(seen).toEqual(['base begins', 'leaves']);
      }
    },
  );
});

describe('a client that leaves while it is held', () => {
  it('by guards is noticed then, and neither handlers nor hooks run', async () => {
    RolesGuard.decide = () => new Promise((resolve) => (decide = resolve));
    await using app = await start([guarded(RolesGuard)]);
    const events = recordEvents(app);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    client.socket.close(1000);
    await until(() => events.some(([name]) => name === 'disconnected'));
    decide(true);
    await turns(100);
    expect(seen).toEqual([]);
  });

  it('by guards is noticed if its connection breaks', async () => {
    RolesGuard.decide = () => new Promise((resolve) => (decide = resolve));
    await using app = await start([guarded(RolesGuard)]);
    const events = recordEvents(app);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    client.socket.terminate();
    await until(() => events.some(([name]) => name === 'disconnected'));
    decide(true);
    await turns(100);
    expect(seen).toEqual([]);
  });

  it('of two gateways is seen to leave by the one that had accepted it', async () => {
    RolesGuard.decide = () => new Promise((resolve) => (decide = resolve));
    @WebSocketGateway({ path: '/chat' })
    class Other {
      handleConnection(): void {
        seen.push('other begins');
      }

      handleDisconnect(): void {
        seen.push('other leaves');
      }
    }
    await using app = await start([Other, guarded(RolesGuard)]);
    const client = await arrive(app).opened();
    await until(() => seen.includes('other begins'));
    client.emit('note', 1);
    client.socket.close(1000);
    await until(() => seen.includes('other leaves'));
    decide(true);
    await turns(100);
    expect(seen).toEqual(['other begins', 'other leaves']);
  });

  it('by a stream ends the stream then, before connectionTimeoutMs', async () => {
    @WebSocketGateway({ path: '/chat' })
    class Streaming extends Notes {
      handleConnection(): Observable<never> {
        seen.push('begins');
        return new Observable(() => () => void seen.push('unsubscribed'));
      }
    }
    await using app = await start([Streaming], { connectionTimeoutMs: 2_147_483_647 });
    const client = await arrive(app).opened();
    client.emit('note', 1);
    await until(() => seen.includes('begins'));
    client.socket.close(1000);
    await until(() => seen.includes('leaves'));
    expect(seen).toEqual(['begins', 'unsubscribed', 'note 1', 'leaves']);
  });

  it('has its pings answered until then', async () => {
    RolesGuard.decide = () => new Promise(() => undefined);
    await using app = await start([guarded(RolesGuard)]);
    const client = await arrive(app).opened();
    client.emit('note', 1);
    await client.barrier();
    expect(seen).toEqual([]);
  });
});
