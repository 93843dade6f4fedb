import { Injectable, Module, Scope, type Provider, type Type } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { Test } from '@nestjs/testing';
import passport from 'passport';
import { Strategy as CustomStrategy } from 'passport-custom';
import { afterEach, describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  WsAuthConfigurationError,
  WsAuthModule,
} from '../../lib/index.js';
import { bootError, startApp, TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { bearerOf, type JudgedRequest } from '../support/strategies.js';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { bearer } from '../support/tokens.js';

const name = 'shared';
const names = ['A', 'B', 'C'];

/** Accepts the token that is the name of its application, and nothing else. */
function strategyOf(application: string, strategyName = name): Type<object> {
  @Injectable()
  class SharedStrategy extends PassportStrategy(CustomStrategy, strategyName) {
    validate(request: JudgedRequest) {
      return bearerOf(request) === application && { id: application };
    }
  }
  return SharedStrategy;
}

function plainStrategy(application: string): InstanceType<typeof CustomStrategy> {
  return new CustomStrategy((request, done) => {
    const accepted = bearerOf(request) === application;
    done(null, accepted ? { id: application } : false);
  });
}

function metadataOf(providers: Provider[], strategy = name) {
  const credentials = [fromAuthorizationHeader()];
  return {
    imports: [WsAuthModule.forRoot({ strategy, credentials })],
    providers: [EchoGateway, ...providers],
  };
}

async function create(providers: Provider[]) {
  const module = await Test.createTestingModule(metadataOf(providers)).compile();
  return module.createNestApplication({ logger: false, forceCloseConnections: true });
}

async function listen(nest: Awaited<ReturnType<typeof create>>): Promise<TestApp> {
  await nest.listen(0, '127.0.0.1');
  const server: Server = nest.getHttpServer();
  return new TestApp(nest, (server.address() as AddressInfo).port);
}

/** Which of the tokens an application accepts. */
async function acceptedBy(app: TestApp, tokens: readonly string[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(
    tokens.map((token) => app.connect('/', bearer(token)).opened()),
  );
  return tokens.filter((_token, index) => outcomes[index]!.status === 'fulfilled');
}

const registry = passport as unknown as { _strategy(strategy: string): unknown };

/** Each test begins without a strategy of that name. */
afterEach(() => {
  passport.unuse(name);
});

describe('applications of one process', () => {
  it.each([
    ['create(A, B, C), listen(A, B, C)', [0, 1, 2]],
    ['create(A, B, C), listen(C, B, A)', [2, 1, 0]],
    ['create(A, B, C), listen(B, A, C)', [1, 0, 2]],
  ])('K3b: are judged by their own strategies after %s', async (_order, order) => {
    const created = [];
    for (const each of names) {
      created.push(await create([strategyOf(each)]));
    }
    const apps: TestApp[] = [];
    for (const index of order) {
      apps[index] = await listen(created[index]!);
    }
    for (const [index, app] of apps.entries()) {
      expect(await acceptedBy(app, names)).toEqual([names[index]]);
    }
    await apps[1]![Symbol.asyncDispose]();
    expect(await acceptedBy(apps[0]!, names)).toEqual(['A']);
    await apps[0]![Symbol.asyncDispose]();
    expect(await acceptedBy(apps[2]!, names)).toEqual(['C']);
    await apps[2]![Symbol.asyncDispose]();
  });

  it('K3b: have an instance each of a class that they share', async () => {
    const Strategy = strategyOf('A');
    const [one, other] = [await create([Strategy]), await create([Strategy])];
    await using first = await listen(one);
    await using second = await listen(other);
    expect(one.get(Strategy)).not.toBe(other.get(Strategy));
    expect(await acceptedBy(first, names)).toEqual(['A']);
    expect(await acceptedBy(second, names)).toEqual(['A']);
  });

  it.each<[string, (application: string) => Provider]>([
    ['a factory', (each) => ({ provide: 'S', useFactory: () => new (strategyOf(each))() })],
    [
      'a factory that waits',
      (each) => ({
        provide: 'S',
        useFactory: async () => Promise.resolve(new (strategyOf(each))()),
      }),
    ],
    [
      'a factory that calls passport.use()',
      (each) => ({
        provide: 'S',
        useFactory: () => {
          const strategy = plainStrategy(each);
          passport.use(name, strategy);
          return strategy;
        },
      }),
    ],
    ['another token', (each) => ({ provide: 'S', useClass: strategyOf(each) })],
    ['a value', (each) => ({ provide: 'S', useValue: new (strategyOf(each))() })],
  ])('K3b: find strategies that are made by %s', async (_how, provide) => {
    const [one, other] = [await create([provide('A')]), await create([provide('B')])];
    await using second = await listen(other);
    await using first = await listen(one);
    expect(await acceptedBy(first, names)).toEqual(['A']);
    expect(await acceptedBy(second, names)).toEqual(['B']);
  });

  it('K3b: find a strategy that a test has overridden', async () => {
    const Strategy = strategyOf('A');
    const module = await Test.createTestingModule(metadataOf([Strategy]))
      .overrideProvider(Strategy)
      .useClass(strategyOf('fake'))
      .compile();
    const nest = module.createNestApplication({ logger: false });
    await create([strategyOf('B')]);
    await using app = await listen(nest);
    expect(await acceptedBy(app, [...names, 'fake'])).toEqual(['fake']);
  });

  it('K3b: find a strategy of a module that was loaded lazily', async () => {
    @Module({ providers: [strategyOf('lazy')] })
    class LazyModule {}
    @Injectable()
    class Loader {
      constructor(private readonly loader: LazyModuleLoader) {}
      async onModuleInit(): Promise<void> {
        await this.loader.load(() => LazyModule);
      }
    }
    const Injected: Provider = {
      provide: Loader,
      useFactory: (loader: LazyModuleLoader) => new Loader(loader),
      inject: [LazyModuleLoader],
    };
    const one = await create([Injected]);
    const other = await create([strategyOf('B')]);
    await using _second = await listen(other);
    await using first = await listen(one);
    expect(await acceptedBy(first, ['lazy', 'B'])).toEqual(['lazy']);
  });
});

describe('an application without a strategy of that name', () => {
  const earlier: [string, () => Promise<unknown>][] = [
    ['listens', async () => listen(await create([strategyOf('A')]))],
    ['was only initialised', async () => (await create([strategyOf('A')])).init()],
    ['was only created', () => create([strategyOf('A')])],
    [
      'was closed',
      async () => (await listen(await create([strategyOf('A')])))[Symbol.asyncDispose](),
    ],
    [
      'does not import WsAuthModule',
      () => Test.createTestingModule({ providers: [strategyOf('A')] }).compile(),
    ],
  ];

  it.each(earlier)('K3c: refuses to boot if an earlier one %s', async (_what, start) => {
    const started = await start();
    expect(registry._strategy(name)).toBeDefined();
    const error = await bootError(metadataOf([]));
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(
      /^strategy: no Passport strategy is registered as "shared"; list the class/,
    );
    expect(error.message).toContain('another one of this process has a strategy of that name');
    await (started as Partial<AsyncDisposable> | undefined)?.[Symbol.asyncDispose]?.();
  });

  it('K3c: refuses to boot if a later one has it', async () => {
    const one = await create([]);
    const other = await create([strategyOf('B')]);
    await expect(one.init()).rejects.toThrow(WsAuthConfigurationError);
    await using second = await listen(other);
    expect(await acceptedBy(second, names)).toEqual(['B']);
  });

  it.each<[string, (use: () => void) => Provider[]]>([
    [
      'before it is created',
      (use) => {
        use();
        return [];
      },
    ],
    [
      'in a factory',
      (use) => [{ provide: 'registering', useFactory: () => ({ registered: use() }) }],
    ],
    [
      'in onModuleInit',
      (use) => [{ provide: 'registering', useValue: { onModuleInit: () => use() } }],
    ],
  ])('K3c: boots if passport.use() was called %s', async (_when, providersOf) => {
    const strategies = [
      () => passport.use(name, plainStrategy('manual')),
      () => passport.use(name, new (strategyOf('manual'))() as InstanceType<typeof CustomStrategy>),
    ];
    for (const use of strategies) {
      await using app = await startApp(metadataOf(providersOf(use)));
      expect(await acceptedBy(app, ['manual', 'other'])).toEqual(['manual']);
      passport.unuse(name);
    }
  });

  it('K3c: refuses to boot if the name was taken back by passport.unuse()', async () => {
    const nest = await create([strategyOf('A')]);
    passport.unuse(name);
    await expect(nest.init()).rejects.toThrow(WsAuthConfigurationError);
  });
});

function scoped(dependencies: unknown[], scope?: Scope): Type<object> {
  class TenantStrategy extends PassportStrategy(CustomStrategy, name) {
    validate() {
      return { id: 'x' };
    }
  }
  Injectable(scope === undefined ? {} : { scope })(TenantStrategy);
  Reflect.defineMetadata('design:paramtypes', dependencies, TenantStrategy);
  return TenantStrategy;
}

describe('a strategy that Nest makes for each request', () => {
  @Injectable()
  class Static {}
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {}
  @Injectable({ scope: Scope.REQUEST, durable: true })
  class Durable {}
  @Injectable()
  class Users {}
  Reflect.defineMetadata('design:paramtypes', [Static, PerRequest], Users);

  it.each<[string, Type<object>, string]>([
    [
      'its own scope',
      scoped([], Scope.REQUEST),
      'TenantStrategy is request-scoped by its own scope, so ',
    ],
    [
      'a provider',
      scoped([Static, PerRequest]),
      'TenantStrategy is request-scoped through PerRequest, so ',
    ],
    [
      'a provider of a provider',
      scoped([Users]),
      'TenantStrategy is request-scoped through Users -> PerRequest, so ',
    ],
    [
      'a durable provider',
      scoped([Durable]),
      'TenantStrategy is durable and request-scoped through Durable, so ',
    ],
    [
      'no injection at all',
      scoped([], Scope.TRANSIENT),
      'TenantStrategy is transient and is injected nowhere, so ',
    ],
  ])('K5k: is named with its reason: %s', async (_reason, Strategy, message) => {
    const providers = [Strategy, Static, PerRequest, Durable, Users];
    const error = await bootError(metadataOf(providers));
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toContain(
      `strategy: no Passport strategy is registered as "shared"; ${message}`,
    );
  });

  it('K5k: is named if it injects the request', async () => {
    const Strategy = scoped([]);
    Reflect.defineMetadata('self:paramtypes', [{ index: 0, param: REQUEST }], Strategy);
    Reflect.defineMetadata('design:paramtypes', [Object], Strategy);
    const error = await bootError(metadataOf([Strategy]));
    expect(error.message).toContain('TenantStrategy is request-scoped through REQUEST, so ');
  });

  it('K5k: a transient strategy that is injected counts', async () => {
    const Strategy = scoped([], Scope.TRANSIENT);
    @Injectable()
    class Holder {}
    Reflect.defineMetadata('design:paramtypes', [Strategy], Holder);
    await using app = await startApp(metadataOf([Strategy, Holder]));
    expect(await acceptedBy(app, ['any'])).toEqual(['any']);
  });
});
