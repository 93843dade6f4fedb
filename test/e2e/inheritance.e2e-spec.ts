import { Controller, UseGuards, type Type } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromQueryParam,
  WsAuth,
  WsAuthConfigurationError,
  WsAuthGuard,
  WsAuthModule,
  WsPublic,
  type WsAuthModuleOptions,
  type WsAuthPolicyOptions,
} from '../../lib/index.js';
import type { WsRefusedError } from '../../lib/testing.js';
import { bootError, startApp, startGateways } from '../support/app.js';
import { customStrategy, JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

const header: WsAuthPolicyOptions = { credentials: [fromAuthorizationHeader()] };

class Plain {
  @SubscribeMessage('hello')
  hello() {
    return { event: 'hello', data: 'welcome' };
  }
}

type Decorate = (base: Type<Plain>) => Type<Plain>;

/** A class that extends another, with decorators. */
function extend(base: Type<Plain>, ...decorators: ClassDecorator[]): Type<Plain> {
  class Extended extends base {}
  decorators.forEach((decorate) => decorate(Extended));
  return Extended;
}

const mixin: Decorate = (base) => extend(base);
const gateway = (): ClassDecorator => WebSocketGateway({ path: '/ws' });

function metadataOf(gateways: Type[], options: WsAuthModuleOptions = {}) {
  return {
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...header, ...options })],
    providers: [JwtStrategy, ...gateways],
  };
}

async function statusOf(gateways: Type[], options: WsAuthModuleOptions = {}): Promise<unknown> {
  await using app = await startApp(metadataOf(gateways, options));
  return await app
    .connect('/ws')
    .opened()
    .then(
      () => 'open',
      (error: WsRefusedError) => error.status,
    );
}

const publicBase = () => extend(Plain, WsPublic());
const publicGatewayBase = () => extend(Plain, WsPublic(), gateway());

describe('an opening of a base class', () => {
  it.each<[string, () => Type]>([
    ['a base class', () => extend(publicBase(), gateway())],
    ['a base class that is a gateway', () => extend(publicGatewayBase(), gateway())],
    ['a gateway, without a decorator of its own', () => extend(publicGatewayBase())],
    ['a base class of the base class', () => extend(extend(publicBase()), gateway())],
    ['a base class of a mixin', () => extend(mixin(publicBase()), gateway())],
    ['a base class, under a policy', () => extend(publicBase(), gateway(), WsAuth())],
    ['a base class, over a policy', () => extend(publicBase(), WsAuth(), gateway())],
    [
      'a public class that extends a protected one',
      () => extend(extend(extend(Plain, WsAuth()), WsPublic()), gateway()),
    ],
  ])('K3a: @WsPublic() does not open a gateway that inherits it from %s', async (_from, make) => {
    expect(await statusOf([make()])).toBe(401);
  });

  it('K3a: @WsPublic() opens the class that it is on, whatever that extends', async () => {
    expect(await statusOf([publicGatewayBase()])).toBe('open');
    expect(await statusOf([extend(publicBase(), WsPublic(), gateway())])).toBe('open');
    expect(await statusOf([extend(extend(Plain, WsAuth()), WsPublic(), gateway())])).toBe('open');
  });

  it('K3a: optional: true does not open a gateway that inherits it', async () => {
    const base = extend(Plain, WsAuth({ optional: true, ...header }), gateway());
    expect(await statusOf([base])).toBe('open');
    expect(await statusOf([extend(base)])).toBe(401);
    expect(await statusOf([extend(base, WsAuth({ realm: 'Zone' }))])).toBe(401);
    expect(await statusOf([extend(base, WsAuth({ optional: true }))])).toBe('open');
    expect(await statusOf([extend(base)], { optional: true })).toBe('open');
  });

  it('K3a: optional: false of a base class closes what the module opens', async () => {
    const base = extend(Plain, WsAuth({ optional: false }), gateway());
    expect(await statusOf([extend(base)], { optional: true })).toBe(401);
  });

  it('K3a: a class and the public class that it extends cannot share a path', async () => {
    const base = publicGatewayBase();
    const error = await bootError(metadataOf([base, extend(base)]));
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(/^@WsAuth: Extended and Extended share a server/);
  });

  it.each([
    ['/ws', 'ws'],
    ['/ws', '/ws/'],
    ['', '/'],
  ])(
    'K3a: a public and a protected gateway cannot share a path written %j and %j',
    async (one, other) => {
      const open = extend(Plain, WsPublic(), WebSocketGateway({ path: one }));
      const closed = extend(Plain, WebSocketGateway({ path: other }));
      for (const gateways of [
        [open, closed],
        [closed, open],
      ]) {
        expect(await bootError(metadataOf(gateways))).toBeInstanceOf(WsAuthConfigurationError);
      }
    },
  );

  it('K3a: names the opening that is not inherited in one warning', async () => {
    const lines: unknown[] = [];
    const logger = { log() {}, error() {}, warn: (line: unknown) => lines.push(line) };
    await using _app = await startApp(metadataOf([extend(publicBase(), gateway())]), undefined, {
      logger,
    });
    expect(lines).toEqual([
      'Extended demands authentication: it does not inherit @WsPublic() of Extended; repeat the decorator on Extended to open it',
    ]);
  });

  it('K3a: WsAuthGuard guards a gateway that extends a public one', async () => {
    @WsPublic()
    @WebSocketGateway({ path: '/open' })
    @UseGuards(WsAuthGuard)
    class Open extends Plain {}
    @WsAuth({ optional: true })
    @WebSocketGateway({ path: '/ws' })
    class Guarded extends Open {}
    await using app = await startApp(metadataOf([Open, Guarded]));
    const inOpen = await app.connect('/open').opened();
    const inGuarded = await app.connect('/ws').opened();
    expect(await inOpen.ask('hello')).toBe('welcome');
    inGuarded.emit('hello');
    expect(await inGuarded.nextEvent()).toMatchObject({
      event: 'exception',
      data: { message: 'Unauthorized' },
    });
  });
});

function strict(): Type<Plain> {
  return extend(
    Plain,
    WsAuth({ strategy: 'strict', credentials: [fromQueryParam('token')] }),
    gateway(),
  );
}

describe('a policy of a base class', () => {
  const Strict = customStrategy(
    'strict',
    (request) => request.headers.authorization === 'Bearer strict' && { id: 'strict' },
  );

  it.each<[string, () => Type]>([
    ['a class without a decorator', () => extend(strict())],
    ['a class with an empty policy', () => extend(strict(), WsAuth())],
    ['a class with another field', () => extend(strict(), WsAuth({ authTimeoutMs: 1_000 }))],
    ['a mixin', () => extend(mixin(strict()), gateway())],
  ])('K3a: holds for %s', async (_which, make) => {
    await using app = await startGateways({}, [Strict, make()]);
    const client = app.connect(`/ws?token=${tokenOf('alice')}`);
    expect((await client.refusal()).status).toBe(401);
    await app.connect('/ws?token=strict').opened();
  });
});

function controller(service: Type): Type {
  Controller('service')(service);
  return service;
}

function twoPolicies(): Type {
  return extend(Plain, WsAuth({ strategy: 'mfa' }), WsAuth({ realm: 'Zone' }));
}

function bootWith(policy: unknown): Promise<Error> {
  return bootError(metadataOf([extend(Plain, WsAuth(policy as WsAuthPolicyOptions), gateway())]));
}

describe('a decorator that would do nothing', () => {
  class NoGateway {}

  it.each<[string, ClassDecorator, RegExp]>([
    ['@WsAuth()', WsAuth(), /^@WsAuth: Service is not a gateway/],
    ['@WsPublic()', WsPublic(), /^@WsPublic: Service is not a gateway/],
  ])('K11b: %s on a class that is not a gateway refuses to boot', async (_name, decorate, why) => {
    const places = [
      (service: Type) => ({ providers: [JwtStrategy, service] }),
      (service: Type) => ({ providers: [JwtStrategy], controllers: [controller(service)] }),
      (service: Type) => ({ providers: [JwtStrategy, { provide: 'S', useClass: service }] }),
      (service: Type) => ({
        providers: [JwtStrategy, { provide: 'S', useFactory: () => new service() }],
      }),
      (service: Type) => ({ providers: [JwtStrategy, { provide: 'S', useValue: new service() }] }),
    ];
    for (const place of places) {
      class Service extends NoGateway {}
      decorate(Service);
      const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];
      const error = await bootError({ imports, ...place(Service) });
      expect(error).toBeInstanceOf(WsAuthConfigurationError);
      expect(error.message).toMatch(why);
    }
  });

  it.each<[string, (made: Type) => object]>([
    ['a factory', (made) => ({ provide: made, useFactory: () => new made() })],
    ['a value', (made) => ({ provide: made, useValue: new made() })],
  ])(
    'K11b: @WsAuth() on a gateway that Nest gets from %s refuses to boot',
    async (_from, provide) => {
      const made = extend(Plain, WsAuth(), gateway());
      const error = await bootError({
        imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
        providers: [JwtStrategy, provide(made) as never],
      });
      expect(error).toBeInstanceOf(WsAuthConfigurationError);
      expect(error.message).toMatch(/^@WsAuth: Nest makes no gateway of Extended/);
    },
  );

  it('K11b: an alias of a gateway is not a mistake', async () => {
    const made = extend(Plain, WsAuth(), gateway());
    await using app = await startGateways({ ...header }, [
      made,
      { provide: 'ALIAS', useExisting: made },
      { provide: 'SAME', useFactory: (instance: unknown) => instance, inject: [made] },
    ]);
    expect((await app.connect('/ws').refusal()).status).toBe(401);
  });

  it('K11b: two policies on one class, of which one would hide the other, are refused', () => {
    expect(twoPolicies).toThrow(WsAuthConfigurationError);
    expect(twoPolicies).toThrow(/^@WsAuth: Extended has it twice/);
  });

  it.each([
    ['@WsAuth', WsAuth()],
    ['@WsPublic', WsPublic()],
  ])('K11b: %s on a method is refused', (name, decorator) => {
    const onMethod = decorator as unknown as (target: object, key: string) => void;
    const decorate = () => onMethod(Plain.prototype, 'hello');
    expect(decorate).toThrow(WsAuthConfigurationError);
    expect(decorate).toThrow(`${name} of Plain.hello: it belongs on the class of a gateway`);
  });
});

describe('the options of @WsAuth()', () => {
  it.each<[string, unknown, string]>([
    [
      'a misspelt name',
      { alowedOrigins: [] },
      'alowedOrigins: unknown option; did you mean allowedOrigins? (@WsAuth of Extended)',
    ],
    [
      'a misspelt name within',
      { closeCodes: { timout: 1 } },
      'closeCodes.timout: unknown option; did you mean closeCodes.timeout? (@WsAuth of Extended)',
    ],
    ['null', null, 'options: expected an object of options, got null (@WsAuth of Extended)'],
    [
      'a name of a strategy',
      'jwt',
      "options: expected an object of options, got a value of type string; write { strategy: '…' } for the name of a strategy (@WsAuth of Extended)",
    ],
    ...['trustProxy', 'store', 'maxPending', 'property', 'events', 'tickets'].map(
      (name): [string, unknown, string] => [
        `${name} of the module`,
        { [name]: true },
        `${name}: holds for the whole application; pass it to WsAuthModule.forRoot() (@WsAuth of Extended)`,
      ],
    ),
  ])('K11a: refuse to boot with %s', async (_what, policy, message) => {
    const error = await bootWith(policy);
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toBe(message);
  });

  it('K11a: are refused on a base class too', async () => {
    const base = extend(Plain, WsAuth({ alowedOrigins: [] } as WsAuthPolicyOptions));
    const error = await bootError(metadataOf([extend(base, gateway())]));
    expect(error.message).toMatch(/^alowedOrigins: unknown option/);
  });
});
