import {
  Controller,
  Get,
  Injectable,
  Scope,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { ThrottlerModule } from '@nestjs/throttler';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { describe, expect, it, vi } from 'vitest';
import {
  fromCookie,
  WsAuth,
  WsAuthConfigurationError,
  WsAuthGuard,
  WsAuthModule,
  WsPublic,
  WsSession,
  WsUser,
} from '../../../lib/index.js';
import { bootError, startApp } from '../../support/app.js';
import { JwtStrategy, jwtStrategyWith } from '../../support/strategies.js';

type Decorator = ClassDecorator | MethodDecorator | ParameterDecorator;

const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];

/** A gateway that a class decorator, or several, are put on by mistake. */
function gateway(options: object | undefined, ...decorators: ClassDecorator[]): Type<object> {
  class ChatGateway {
    @SubscribeMessage('hello')
    hello(): void {}
  }
  for (const decorate of [...decorators, WebSocketGateway(options)]) {
    decorate(ChatGateway);
  }
  return ChatGateway;
}

/** A gateway with a decorator on a method, or on its first parameter. */
function onMethod(name: string, decorator: Decorator, where: 'method' | 'parameter' = 'method') {
  class ChatGateway {
    afterInit(): void {}
    handleConnection(_client: unknown): void {}
    handleDisconnect(_client: unknown): void {}
    helper(_value: unknown): void {}

    @SubscribeMessage('hello')
    hello(_data: unknown): void {}
  }
  const { prototype } = ChatGateway;
  if (where === 'parameter') {
    (decorator as ParameterDecorator)(prototype, name, 0);
  } else {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
    (decorator as MethodDecorator)(prototype, name, descriptor);
  }
  WebSocketGateway()(ChatGateway);
  return ChatGateway;
}

@Injectable()
class Timing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

@Injectable()
class PerRequestGuard extends WsAuthGuard {}
Injectable({ scope: Scope.REQUEST })(PerRequestGuard);

@Controller()
class UserController {
  @Get()
  user(@WsUser() user: unknown) {
    return user;
  }
}

@UseGuards(WsAuthGuard)
@Controller()
class GuardedController {
  @Get()
  user(): void {}
}

class DerivedGuard extends WsAuthGuard {}

@UseGuards(DerivedGuard)
@Controller()
class DerivedController extends GuardedController {}

@WsAuth({ optional: false })
@Injectable()
class NoGateway {}

const first = gateway({ path: '/same' }, WsAuth({ maxQueuedMessages: 1 }));
const second = gateway({ path: '/same' }, WsAuth({ maxQueuedMessages: 2 }));
const made = gateway({}, WsAuth({ maxQueuedMessages: 3 }));

/** What is listed among the providers, and the words of the refusal. */
type Row = readonly [
  what: string,
  make: () => readonly unknown[],
  ...says: readonly (string | RegExp)[],
];

const refused: readonly Row[] = [
  [
    'puts @WsAuth() on a handler',
    () => [onMethod('hello', WsAuth({}))],
    '@WsAuth of ChatGateway.hello: it belongs on the class of a gateway',
    '@UseGuards(WsAuthGuard)',
  ],
  [
    'puts @WsPublic() on a handler',
    () => [onMethod('hello', WsPublic())],
    '@WsPublic of ChatGateway.hello: it belongs on the class of a gateway',
  ],
  [
    'puts @WsAuth() on a service',
    () => [NoGateway],
    '@WsAuth: NoGateway is not a gateway',
    'add @WebSocketGateway()',
  ],
  [
    'writes @WsAuth() twice',
    () => [gateway({}, WsAuth({}), WsAuth({}))],
    '@WsAuth: ChatGateway has it twice',
    'write one',
  ],
  [
    'protects and opens one gateway',
    () => [gateway({}, WsAuth({}), WsPublic())],
    '@WsPublic: ChatGateway is also @WsAuth; remove one of them',
  ],
  [
    'does not call @WsAuth',
    () => [gateway({}, WsAuth as never)],
    /@WsAuth/,
    /WsAuth\(\{|@WsAuth\(/,
  ],
  ['does not call @WsPublic', () => [gateway({}, WsPublic as never)], '@WsPublic()'],
  [
    'does not call @WsUser',
    () => [onMethod('hello', WsUser as never, 'parameter')],
    '@WsUser of ChatGateway.hello: it is not called; write @WsUser()',
  ],
  [
    'does not call @WsSession',
    () => [onMethod('hello', WsSession, 'parameter')],
    '@WsSession of ChatGateway.hello: it is not called; write @WsSession()',
  ],
  [
    'names a strategy in @WsAuth() without braces',
    () => [gateway({}, WsAuth('jwt' as never))],
    '@WsAuth',
    'expected an object of options',
    "write { strategy: '…' }",
    '@WsAuth of ChatGateway',
  ],
  [
    'sets an option of the whole application in @WsAuth()',
    () => [gateway({}, WsAuth({ trustProxy: 1 } as never))],
    'trustProxy: holds for the whole application; pass it to WsAuthModule.forRoot()',
  ],
  [
    'misspells an option of @WsAuth()',
    () => [gateway({}, WsAuth({ stratgy: 'jwt' } as never))],
    'did you mean strategy?',
    'ChatGateway',
  ],
  [
    'gives two gateways of one path different policies',
    () => [first, second],
    'share a server and demand different things',
    'different paths',
  ],
  [
    'makes a decorated gateway in a factory',
    () => [{ provide: made, useFactory: () => new made() }],
    '@WsAuth: Nest makes no gateway of ChatGateway',
    'list the class itself among the providers',
  ],
  [
    'writes a path with a parameter',
    () => [gateway({ path: '/rooms/:id' })],
    'path: "/rooms/:id" matches no request',
    'name one path without a pattern',
  ],
  ['writes a path with a star', () => [gateway({ path: '/rooms/*' })], 'matches no request'],
  ['names a namespace', () => [gateway({ namespace: 'chat' })], 'namespace', 'path', '(gateway /)'],
  [
    'K8d: sets cors',
    () => [gateway({ path: '/chat', cors: true })],
    'cors',
    'allowedOrigins',
    '(gateway /chat)',
  ],
  ['K11b: brings a server', () => [gateway({ server: {} })], 'server', 'protectUpgrades'],
  [
    'K11b: has an option that only the server of another gateway could have',
    () => [gateway({ path: '/x' }), gateway({ path: '/x', maxPayload: 1 })],
    'maxPayload',
    'shares the server of',
  ],
  ['K11b: sets noServer', () => [gateway({ noServer: true })], 'noServer', 'remove it'],
  ['K11b: names the port twice', () => [gateway({ port: 1 })], 'port', 'first argument'],
  ['K11b: names a host', () => [gateway({ host: '::1' })], 'host', 'app.listen()'],
  ['K11b: names a backlog', () => [gateway({ backlog: 1 })], 'backlog', 'app.listen()'],
  ['K11a: misspells one', () => [gateway({ maxPayLoad: 1 })], 'maxPayLoad', 'maxPayload'],
  ['K11a: invents one', () => [gateway({ protected: true })], 'protected', 'no such option'],
  ['K11b: has a policy', () => [gateway({ strategy: 'jwt' })], 'strategy', '@WsAuth({ … })'],
  ['names transports', () => [gateway({ transports: ['websocket'] })], 'transports'],
  ...['maxPayload', 'maxFragments', 'maxBufferedChunks', 'closeTimeout'].flatMap((name) =>
    [Number.NaN, '1000', -1, 0.5, null, 2 ** 31].map(
      (value): [string, () => Provider[], string] => [
        `K11: bounds its clients by ${name}: ${JSON.stringify(value)} (${typeof value})`,
        () => [gateway({ [name]: value })],
        `${name}: expected 0, or a number`,
      ],
    ),
  ),
  ['K11: names its port as a text', () => [gateway('8123' as never)], 'port is a whole number'],
  ['K11: verifies by a text', () => [gateway({ verifyClient: 'x' })], 'verifyClient: expected a'],
  ['K11: chooses by a text', () => [gateway({ handleProtocols: 'x' })], 'handleProtocols: exp'],
  [
    'K11: has no class of sockets',
    () => [gateway({ WebSocket: 5 })],
    'WebSocket: expected a class',
  ],
  ['K11: answers pings by a text', () => [gateway({ autoPong: 'no' })], 'autoPong: expected true'],
  [
    'injects the user into handleConnection',
    () => [onMethod('handleConnection', WsUser(), 'parameter')],
    '@WsUser of ChatGateway.handleConnection',
    'call userOf(client)',
  ],
  [
    'injects the session into handleDisconnect',
    () => [onMethod('handleDisconnect', WsSession(), 'parameter')],
    '@WsSession of ChatGateway.handleDisconnect',
    'sessionOf(client)',
  ],
  [
    'injects the user into a method that is not a handler',
    () => [onMethod('helper', WsUser(), 'parameter')],
    '@WsUser of ChatGateway.helper',
    'add @SubscribeMessage()',
  ],
  [
    'injects the message into handleConnection',
    () => [onMethod('handleConnection', MessageBody(), 'parameter')],
    'ChatGateway.handleConnection: decorators of parameters',
    'call userOf(client)',
  ],
  [
    'guards handleDisconnect',
    () => [onMethod('handleDisconnect', UseGuards(WsAuthGuard))],
    'ChatGateway.handleDisconnect: guards, interceptors and filters do nothing here',
    'put them on handleConnection, or on handlers',
  ],
  [
    'guards afterInit',
    () => [onMethod('afterInit', UseGuards(WsAuthGuard))],
    '@UseGuards(WsAuthGuard) of ChatGateway.afterInit',
    'put it on handleConnection or on handlers',
  ],
  [
    'guards a method that is not a handler',
    () => [onMethod('helper', UseGuards(WsAuthGuard))],
    '@UseGuards(WsAuthGuard) of ChatGateway.helper',
    'add @SubscribeMessage()',
  ],
  [
    'validates in handleConnection',
    () => [onMethod('handleConnection', UsePipes(ValidationPipe))],
    'ChatGateway.handleConnection: @UsePipes() does nothing here',
    'remove it',
  ],
  [
    'intercepts handleDisconnect',
    () => [onMethod('handleDisconnect', UseInterceptors(Timing)), Timing],
    'ChatGateway.handleDisconnect',
    'put them on handleConnection, or on handlers',
  ],
  [
    'has a request-scoped guard of this package for the whole application',
    () => [gateway({}), { provide: APP_GUARD, useClass: PerRequestGuard }],
    'WsAuthGuard',
    '@UseGuards(WsAuthGuard)',
  ],
];

class GuardedHandler {
  @UseGuards(new WsAuthGuard())
  @Get('/secret')
  secret(): void {}
}
Controller()(GuardedHandler);

const inControllers: readonly (readonly [string, Type<object>, ...string[]])[] = [
  [
    'guards a route',
    GuardedHandler,
    '@UseGuards(WsAuthGuard) of GuardedHandler',
    'use AuthGuard()',
  ],
  [
    'injects the user of a socket into a route',
    UserController,
    '@WsUser of UserController.user',
    'it belongs on handlers of gateways',
    'routes read request.user',
  ],
  [
    'guards a controller',
    GuardedController,
    '@UseGuards(WsAuthGuard) of GuardedController',
    'use AuthGuard()',
  ],
  [
    'guards a controller by a guard that is derived from that of this package',
    DerivedController,
    '@UseGuards(WsAuthGuard) of DerivedController',
    'use AuthGuard()',
  ],
];

async function expectRefusal(metadata: object, says: readonly (string | RegExp)[]): Promise<void> {
  const error = await bootError({ imports, ...metadata });
  expect(error, error.stack).toBeInstanceOf(WsAuthConfigurationError);
  for (const part of says) {
    expect(error.message).toMatch(part);
  }
}

describe('an application with a mistake in its code', () => {
  it.each(refused)('K8q: does not boot where it %s', async (...row) => {
    const [, make, ...says] = row as unknown as Row;
    // Decorators in the wrong place throw while the class is made.
    const late = {
      module: class {},
      get providers() {
        return make() as never;
      },
    };
    await expectRefusal({ imports: [...imports, late], providers: [JwtStrategy] }, says);
  });

  it.each(inControllers)('K8q: does not boot where it %s', async (...row) => {
    const [, controller, ...says] = row as unknown as (typeof inControllers)[number];
    await expectRefusal({ controllers: [controller], providers: [JwtStrategy, gateway({})] }, says);
  });
});

const readsQuery = jwtStrategyWith('query', {
  jwtFromRequest: ExtractJwt.fromUrlQueryParameter('jwt'),
});

class WithoutValidate extends (PassportStrategy(Strategy, 'forgotten') as Type<object>) {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: 'secret' });
  }
}

const warned: readonly Row[] = [
  ['lists no gateway', () => [], 'no gateway: nothing is protected', '@WebSocketGateway()'],
  [
    'forgets validate()',
    () => [gateway({}, WsAuth({ strategy: 'forgotten' })), WithoutValidate],
    'strategy: "forgotten": its class has no method validate(); add it',
  ],
  [
    'handles authenticate itself',
    () => [onMethod('helper', SubscribeMessage('authenticate'))],
    "@SubscribeMessage('authenticate') of ChatGateway.helper: it is never called",
    'name yours differently',
  ],
  [
    'handles the ping of the client itself',
    () => [onMethod('helper', SubscribeMessage('nestjs-ws-auth:ping'))],
    "@SubscribeMessage('nestjs-ws-auth:ping') of ChatGateway.helper: it is never called",
  ],
  [
    'reads tokens where its strategy does not look',
    () => [
      gateway({}, WsAuth({ strategy: 'query', credentials: [fromCookie('token')] })),
      readsQuery,
    ],
    /strategy: "query" does not look where fromCookie/,
    'list the extractor of the place that it reads',
  ],
];

describe('an application with code that cannot work', () => {
  it.each(warned)('K8a: boots with one warning where it %s', async (...row) => {
    const [, make, ...says] = row as unknown as Row;
    const warn = vi.fn<(text: string, context?: string) => void>();
    const logger = { log() {}, error() {}, debug() {}, verbose() {}, warn };
    const providers = [JwtStrategy, ...make()] as Provider[];
    const throttling = ThrottlerModule.forRoot([{ ttl: 1_000, limit: 1 }]);
    const metadata = { imports: [...imports, throttling], providers };
    await using _app = await startApp(metadata, undefined, { logger });
    const ours = warn.mock.calls.filter(([, context]) => context === 'WsAuth');
    expect(ours).toHaveLength(1);
    for (const part of says) {
      expect(ours[0]![0]).toMatch(part);
    }
  });
});
