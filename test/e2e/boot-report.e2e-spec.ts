import cluster from 'node:cluster';
import {
  Controller,
  Injectable,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type LoggerService,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, GraphInspector, NestFactory, type NestContainer } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { Test } from '@nestjs/testing';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { SocketModule } from '@nestjs/websockets/socket-module.js';
import { ExtractJwt, type JwtFromRequestFunction } from 'passport-jwt';
import { Strategy as PassportLocalStrategy } from 'passport-local';
import { PassportStrategy } from '@nestjs/passport';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  WsAuth,
  WsAuthGuard,
  WsAuthModule,
  WsPublic,
  WsSession,
  WsUser,
  type WsAuthModuleOptions,
  type WsAuthPolicyOptions,
} from '../../lib/index.js';
import { MemoryWsAuthStore } from '../../lib/store/memory.store.js';
import { bootError } from '../support/app.js';
import { nestDoes } from '../support/nest-11.js';
import { customStrategy, JwtStrategy, jwtStrategyWith } from '../support/strategies.js';

interface Boot {
  readonly options?: WsAuthModuleOptions;
  readonly providers?: readonly Provider[];
  readonly controllers?: readonly Type<unknown>[];
  readonly guards?: readonly CanActivate[];
}

/** Boots an application, and returns the lines of this package. */
async function boot({ options, providers = [], controllers = [], guards = [] }: Boot) {
  const lines = { log: [] as string[], warn: [] as string[] };
  const logger: LoggerService = {
    log: (text: string, context: string) => void (context === 'WsAuth' && lines.log.push(text)),
    warn: (text: string, context: string) => void (context === 'WsAuth' && lines.warn.push(text)),
    error: () => undefined,
  };
  const module = await Test.createTestingModule({
    imports: [
      WsAuthModule.forRoot({ strategy: 'jwt', ...options }),
      ThrottlerModule.forRoot([{ ttl: 1_000, limit: 1 }]),
    ],
    providers: [JwtStrategy, ...providers],
    controllers: [...controllers],
  })
    .setLogger(logger)
    .compile();
  const nest = module.createNestApplication({ logger });
  nest.useGlobalGuards(...guards);
  await nest.init();
  await nest.close();
  return lines;
}

/** A gateway class of its own. */
function gateway(decorators: readonly ClassDecorator[] = [], path = '/chat'): Type<object> {
  @WebSocketGateway({ path })
  class ChatGateway {
    @SubscribeMessage('hello')
    hello(@WsUser() user: unknown) {
      return user;
    }
  }
  decorators.forEach((decorate) => decorate(ChatGateway));
  return ChatGateway;
}

const demanding = (policy: WsAuthPolicyOptions, path?: string) => gateway([WsAuth(policy)], path);

class JwtAuthGuard extends AuthGuard('jwt') {
  override canActivate(context: ExecutionContext) {
    return super.canActivate(context);
  }
}

/** As in the chapter about authentication of Nest's documentation. */
class DocumentedGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return request.headers['authorization'] !== undefined;
  }
}

class WsReadyGuard extends AuthGuard('jwt') {
  override canActivate(context: ExecutionContext) {
    return context.getType() === 'ws' || super.canActivate(context);
  }
}

class RolesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ user: unknown }>().user !== undefined;
  }
}

class WsThrottlerGuard extends ThrottlerGuard {
  protected override getRequestResponse(context: ExecutionContext) {
    const client = context.switchToWs().getClient<Record<string, unknown>>();
    return { req: client, res: {} };
  }
}

const httpGuards = [
  ['AuthGuard()', AuthGuard('jwt')],
  ['JwtAuthGuard', JwtAuthGuard],
  ['ThrottlerGuard', ThrottlerGuard],
  ['DocumentedGuard', DocumentedGuard],
] as const;

describe('the lines of a boot', () => {
  it.each<[string, WsAuthPolicyOptions]>([
    ['/chat: jwt, by header or first message', {}],
    ['/chat: jwt, by header', { credentials: [fromAuthorizationHeader()] }],
    [
      '/chat: jwt or jwt2, by query, cookie or subprotocol; or anonymous',
      {
        strategy: ['jwt', 'jwt2'],
        credentials: [fromQueryParam('t'), fromCookie('s'), fromSubprotocol()],
        optional: true,
      },
    ],
    [
      '/chat: jwt, by user information or first message; jwt2, by request',
      { credentials: [fromRequest({ strategy: 'jwt2' }), fromUserInfo(), fromFirstMessage()] },
    ],
  ])('K8a: %s', async (line, policy) => {
    const other = customStrategy('jwt2', () => false);
    const { log } = await boot({ providers: [other, demanding(policy)] });
    expect(log).toEqual([line]);
  });

  it('K8a: one for each port and path, and one for what is public', async () => {
    const { log, warn } = await boot({
      providers: [gateway(), gateway(), gateway([WsPublic()], '/public'), gateway([], '/other')],
    });
    expect(log).toEqual([
      '/chat: jwt, by header or first message',
      '/public: open (@WsPublic)',
      '/other: jwt, by header or first message',
    ]);
    expect(warn).toEqual([]);
  });
});

describe('a worker of node:cluster', () => {
  it.each([
    ['without a store is told what does not reach the others', undefined, 1],
    ['with a store is not', new MemoryWsAuthStore(), 0],
  ])('K1: %s', async (_what, store, count) => {
    Object.assign(cluster, { isWorker: true });
    try {
      const { warn } = await boot({ options: { ...(store && { store }) }, providers: [gateway()] });
      expect(
        warn.filter((line) => line.startsWith('store: this process is a worker')),
      ).toHaveLength(count);
    } finally {
      Object.assign(cluster, { isWorker: false });
    }
  });
});

describe('a standalone application', () => {
  it('K8a: has no lines, because it serves no gateway: none of its gateways is open', async () => {
    const lines: unknown[] = [];
    const note = (text: unknown, context: unknown) =>
      void (context === 'WsAuth' && lines.push(text));
    const logger = { log: note, warn: note, error: note };
    const providers = [JwtStrategy, gateway(), gateway([WsPublic()], '/public')];
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];
    const context = await NestFactory.createApplicationContext(
      { module: class {}, imports, providers },
      { logger },
    );
    await context.close();
    expect(lines).toEqual([]);
  });
});

describe('a microservice', () => {
  it('K8a: has the lines of its gateways, and a warning of one without a port', async () => {
    const lines: string[] = [];
    const note = (text: string, context?: string) =>
      void (context === 'WsAuth' && lines.push(text));
    const logger = { log: note, warn: note, error: note };
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];
    const module = await Test.createTestingModule({
      imports,
      providers: [JwtStrategy, gateway([], '/own')],
    })
      .setLogger(logger)
      .compile();
    // As `NestMicroservice` does: without an HTTP server.
    const { container } = module as unknown as { container: NestContainer };
    const sockets = new SocketModule();
    const rest = [container.applicationConfig!, new GraphInspector(container), {}] as const;
    await sockets.register(container, ...rest);
    await module.init();
    await sockets.close();
    await module.close();
    expect(lines).toEqual([
      '/own: jwt, by header or first message',
      expect.stringMatching(
        /^ChatGateway: the application has no HTTP server, .* @WebSocketGateway\(8080\)$/,
      ),
    ]);
  });
});

describe('a guard for HTTP on a gateway', () => {
  it.each(httpGuards)(
    'K8a: %s on the class is named, with gateway and fix',
    async (name, guard) => {
      const { warn } = await boot({ providers: [gateway([UseGuards(guard)])] });
      expect(warn).toEqual([
        expect.stringMatching(/ChatGateway: a guard for HTTP .* remove it, .*WsAuthGuard/),
      ]);
      expect(warn[0]).toContain(`@UseGuards(${name})`);
    },
  );

  it.each(httpGuards)('K8a: %s on a handler of a public gateway is named', async (name, guard) => {
    @WsPublic()
    @WebSocketGateway({ path: '/public' })
    class PublicGateway {
      @UseGuards(guard)
      @SubscribeMessage('hello')
      hello() {}
    }
    const { warn } = await boot({ providers: [PublicGateway] });
    expect(warn).toEqual([expect.stringContaining(`@UseGuards(${name}) of PublicGateway.hello`)]);
  });

  it.each(httpGuards)('K8a: %s as APP_GUARD is named', async (name, guard) => {
    const { warn } = await boot({
      providers: [
        gateway(),
        gateway([], '/other'),
        { provide: APP_GUARD, useClass: guard as Type<CanActivate> },
      ],
    });
    if (!nestDoes.runGlobalGuards) {
      expect(warn).toEqual([]);
      return;
    }
    expect(warn).toEqual([
      expect.stringMatching(/^APP_GUARD: .* also guards ChatGateway, .* return true .* 'ws'/),
    ]);
    expect(warn[0]).toContain(name);
  });

  it('K8a: is named once among global guards', async () => {
    const guards = [new DocumentedGuard(), new RolesGuard()];
    const { warn } = await boot({ providers: [gateway()], guards });
    expect(warn).toEqual(
      nestDoes.runGlobalGuards
        ? [expect.stringContaining('APP_GUARD: DocumentedGuard also guards ChatGateway')]
        : [],
    );
  });

  // Nest 11 does not run the last one for gateways, and the application refuses to boot (decorators.e2e-spec.ts).
  const ready = [WsReadyGuard, RolesGuard, WsThrottlerGuard];
  it.each(nestDoes.runGlobalGuards ? [...ready, WsAuthGuard] : ready)(
    'K8a: %o causes no warning, since it works on messages',
    async (guard) => {
      const global = { provide: APP_GUARD, useClass: guard };
      const { warn } = await boot({ providers: [gateway([UseGuards(guard)]), global] });
      expect(warn).toEqual([]);
    },
  );

  it('K8a: causes no warning of its own in an application without gateways', async () => {
    const global = { provide: APP_GUARD, useClass: ThrottlerGuard };
    expect((await boot({ providers: [global] })).warn).toEqual([
      expect.stringMatching(/^no gateway: .* list the class with @WebSocketGateway\(\)/),
    ]);
  });
});

/** As Nest's documentation has it. */
class ThrowingGuard extends AuthGuard('jwt') {
  override handleRequest<T>(error: Error | null, user: T | false): T {
    if (error || !user) {
      throw error ?? new UnauthorizedException();
    }
    return user;
  }
}

class BanGuard extends AuthGuard('jwt') {
  override handleRequest<T>(_error: unknown, user: T & { isBanned?: boolean }): T {
    if (user.isBanned) {
      throw new UnauthorizedException();
    }
    return user;
  }
}

function routesOf(guard: Type<CanActivate>): Type<unknown> {
  @UseGuards(guard)
  @Controller()
  class Routes {}
  return Routes;
}

describe('a guard of HTTP routes that checks more than the strategy', () => {
  const line = /^BanGuard\.handleRequest\(\) runs for HTTP requests alone, .* in validate\(\)/;

  it('K8a: is named, since what it refuses has a session', async () => {
    const { warn } = await boot({ providers: [gateway()], controllers: [routesOf(BanGuard)] });
    expect(warn).toEqual([expect.stringMatching(line)]);
    for (const made of [{ useClass: BanGuard }, { useFactory: () => new BanGuard() }]) {
      const ofApplication = await boot({
        providers: [gateway(), { provide: APP_GUARD, ...made } as Provider],
      });
      expect(ofApplication.warn.filter((each) => line.test(each))).toHaveLength(1);
    }
  });

  it('K8a: is not named without such a check, and where all gateways are open', async () => {
    const controllers = [routesOf(ThrowingGuard), routesOf(JwtAuthGuard)];
    expect((await boot({ providers: [gateway()], controllers })).warn).toEqual([]);
    const open = gateway([WsPublic()]);
    const { warn } = await boot({ providers: [open], controllers: [routesOf(BanGuard)] });
    expect(warn.filter((each) => line.test(each))).toEqual([]);
  });
});

describe('a handler of an event that this package handles', () => {
  @WebSocketGateway({ path: '/chat' })
  class LoginGateway {
    @SubscribeMessage('authenticate')
    login() {}

    @SubscribeMessage('nestjs-ws-auth:ping')
    ping() {}

    @SubscribeMessage('authenticated')
    fine() {}
  }

  it('K8m: is not warned of where the event has another name, or the gateway is public', async () => {
    const events = { authenticate: 'login', ping: 'alive' };
    expect((await boot({ options: { events }, providers: [LoginGateway] })).warn).toEqual([]);
    @WsPublic()
    @WebSocketGateway({ path: '/public' })
    class PublicLogin extends LoginGateway {}
    expect((await boot({ providers: [PublicLogin] })).warn).toEqual([]);
  });
});

describe('a decorator of this package that has no effect', () => {
  @WebSocketGateway({ path: '/chat' })
  class HookGateway {
    handleConnection(@ConnectedSocket() _client: object, @WsUser() _user: unknown) {}
  }

  @WebSocketGateway({ path: '/chat' })
  class Inheriting extends HookGateway {}

  @Injectable()
  class ForgottenGateway {
    @SubscribeMessage('hello')
    hello(@WsSession() _session: unknown) {}
  }

  // What stands on a gateway, or on a controller, is in `mistakes/code.e2e-spec.ts`.
  it.each<[Type<unknown>, RegExp]>([
    [Inheriting, /^@WsUser of Inheriting.handleConnection: .* userOf\(client\)/],
    [ForgottenGateway, /^@WsSession of ForgottenGateway.hello: .* @WebSocketGateway\(\)/],
  ])('K8q: refuses to boot: %o', async (decorated, message) => {
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];
    const error = await bootError({ imports, providers: [JwtStrategy, decorated] });
    expect([error.name, error.message]).toEqual([
      'WsAuthConfigurationError',
      expect.stringMatching(message),
    ]);
  });

  @Injectable()
  abstract class Base {
    @SubscribeMessage('hello')
    hello(@WsUser() _user: unknown) {}
  }

  @WebSocketGateway({ path: '/chat' })
  class Derived extends Base {
    @SubscribeMessage('whoami')
    whoami(@WsSession() _session: unknown) {}
  }

  @WebSocketGateway({ path: '/chat' })
  class Silenced extends Derived {
    /** Nest does not call it any more, and it has no decorators. */
    override whoami() {}
  }

  @UseGuards(AuthGuard('jwt'), WsAuthGuard)
  @Controller()
  class SharedDecorator {}

  it('K8q: boots where Nest looks at them', async () => {
    const providers = [Derived, Silenced, Base as Type<unknown>];
    const { warn } = await boot({ providers, controllers: [SharedDecorator] });
    expect(warn).toEqual([]);
  });
});

const otherStrategy = (options: object) => jwtStrategyWith('other', options);
const jwtStrategy = (jwtFromRequest: JwtFromRequestFunction) => otherStrategy({ jwtFromRequest });

const inCookie = ({ cookies }: { cookies?: Record<string, string> }) => cookies?.['jwt'] ?? null;
const throwing = (): never => {
  throw new Error('no client has sent this');
};

describe('a strategy that reads elsewhere than the extractors look', () => {
  @Injectable()
  class LocalStrategy extends PassportStrategy(PassportLocalStrategy, 'other') {
    validate() {
      return false;
    }
  }

  const header = fromAuthorizationHeader();
  const inHeader = ExtractJwt.fromAuthHeaderAsBearerToken();
  const inQuery = ExtractJwt.fromUrlQueryParameter('token');
  const inBody = ExtractJwt.fromBodyField('access_token');

  it.each<[string, Type<object>, WsAuthPolicyOptions]>([
    ['a query parameter', jwtStrategy(inQuery), {}],
    ['another query parameter', jwtStrategy(inQuery), { credentials: [fromQueryParam('t')] }],
    ['a field, without a message', jwtStrategy(inBody), { credentials: [header] }],
    [
      'a field, of a raw message',
      jwtStrategy(inBody),
      { credentials: [fromFirstMessage({ format: 'raw' })] },
    ],
    ['a cookie', jwtStrategy(inCookie), {}],
    ['a header field', jwtStrategy(ExtractJwt.fromHeader('x-token')), {}],
    [
      'the header, of Basic',
      jwtStrategy(inHeader),
      { credentials: [fromAuthorizationHeader({ schemes: ['Basic'] })] },
    ],
    ['a body, without a message', LocalStrategy, { credentials: [header, fromQueryParam('t')] }],
  ])('K8g: is warned of: %s', async (_where, strategy, policy) => {
    const { warn } = await boot({
      providers: [strategy, demanding({ strategy: 'other', ...policy })],
    });
    expect(warn).toEqual([
      expect.stringMatching(
        /^strategy: "other" does not look where from\w+.* of \/chat puts the credential/,
      ),
    ]);
  });

  it.each<[string, object, RegExp]>([
    [
      'an extractor that was not made',
      { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken as unknown },
      /returns no token but a value of type function; .* with the parentheses/,
    ],
    [
      'an extractor that waits',
      { jwtFromRequest: () => Promise.reject(new Error('no request')) },
      /returns no token but a value of type object; .* no async function/,
    ],
    ['the algorithm none', { algorithms: ['none'] }, /name the algorithm of the issuer/],
    ['no algorithm', { algorithms: [] }, /rejects every token/],
    ['expired tokens', { ignoreExpiration: true }, /set the option expiresAt, or remove it/],
  ])('K8: is warned of a strategy of passport-jwt with %s', async (_what, own, text) => {
    const { warn } = await boot({
      providers: [otherStrategy(own), demanding({ strategy: 'other' })],
    });
    expect(warn).toEqual([expect.stringMatching(text)]);
    expect(warn[0]).toMatch(/^strategy: "other": its /);
  });

  it.each<[string, object, WsAuthModuleOptions]>([
    ['one algorithm, as a text', { algorithms: 'HS256' }, {}],
    ['none beside another algorithm', { algorithms: ['none', 'HS256'] }, {}],
    ['expired tokens and an end', { ignoreExpiration: true }, { expiresAt: () => undefined }],
  ])('K8: is not warned of a strategy of passport-jwt with %s', async (_what, own, options) => {
    const { warn } = await boot({
      options,
      providers: [otherStrategy(own), demanding({ strategy: 'other' })],
    });
    expect(warn).toEqual([]);
  });

  it.each<[string, Type<object>, WsAuthPolicyOptions]>([
    ['the header', jwtStrategy(inHeader), {}],
    [
      'the header, for any way',
      jwtStrategy(inHeader),
      { credentials: [fromCookie('s'), fromUserInfo()] },
    ],
    ['a parameter that is read', jwtStrategy(inQuery), { credentials: [fromQueryParam('token')] }],
    ['a cookie that is read', jwtStrategy(inCookie), { credentials: [fromCookie('jwt')] }],
    ['a field of a message', jwtStrategy(inBody), {}],
    ['one place of several', jwtStrategy(ExtractJwt.fromExtractors([inQuery, inHeader])), {}],
    ['the request itself', jwtStrategy(inQuery), { credentials: [fromRequest()] }],
    ['what cannot be known', jwtStrategy(throwing), {}],
    ['a body', LocalStrategy, {}],
    ['a strategy of another kind', customStrategy('other', () => false), {}],
  ])('K8g: is not warned of: %s', async (_where, strategy, policy) => {
    const { warn } = await boot({
      providers: [strategy, demanding({ strategy: 'other', ...policy })],
    });
    expect(warn).toEqual([]);
  });
});
