import { createServer } from 'node:http';
import { Injectable, Module, Scope, type ModuleMetadata } from '@nestjs/common';
import { PassportModule, PassportStrategy } from '@nestjs/passport';
import { WsAdapter } from '@nestjs/platform-ws';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WebSocketGateway } from '@nestjs/websockets';
import { ExtractJwt, Strategy } from 'passport-jwt';
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
  WsAuthConfigurationError,
  WsAuthModule,
} from '../../../lib/index.js';
import { openTelemetry } from '../../../lib/opentelemetry.js';
import { WsAuthAdapter } from '../../../lib/ws.js';
import { bootError } from '../../support/app.js';
import { EchoGateway } from '../../support/gateways.js';
import { JwtStrategy } from '../../support/strategies.js';

type Application = Parameters<NonNullable<Parameters<typeof bootError>[1]>>[0];

/** One mistake of an application that boots with Nest alone. */
interface Mistake {
  readonly application: ModuleMetadata;
  readonly main?: (app: Application) => unknown;
  /** What the message has to name: the place of the mistake, and the fix. */
  readonly says: readonly (string | RegExp)[];
}

const providers = [JwtStrategy, EchoGateway];
const jwt = { strategy: 'jwt' };

/** An application with these imports. */
function imports(list: ModuleMetadata['imports'], ...says: Mistake['says']): Mistake {
  return { application: { imports: list!, providers }, says };
}

/** An application with one wrong option of the module. */
function option(options: object, ...says: Mistake['says']): Mistake {
  return imports([WsAuthModule.forRoot({ ...jwt, ...options })], ...says);
}

/** An application whose module, or a part of its options, cannot be made. */
function call(make: () => unknown, ...says: Mistake['says']): Mistake {
  let made: unknown;
  const late = {
    module: class {},
    get imports() {
      return [(made ??= make())];
    },
  };
  return { application: { imports: [late as never], providers }, says };
}

const credentials = (...list: unknown[]) => ({ credentials: list });

function main(prepare: NonNullable<Mistake['main']>, ...says: Mistake['says']): Mistake {
  return { application: { imports: [WsAuthModule.forRoot(jwt)], providers }, main: prepare, says };
}

@WebSocketGateway()
@WsAuth({ strategy: 'jtw' })
class MisspeltGateway {}

@Injectable({ scope: Scope.REQUEST })
class PerRequestStrategy extends PassportStrategy(Strategy, 'per-request') {
  constructor() {
    super({ jwtFromRequest: () => null, secretOrKey: 'x' });
  }

  validate() {
    return {};
  }
}

class OwnAdapter extends WsAdapter {}

@Module({ imports: [WsAuthModule.forRoot(jwt)] })
class ChatModule {}

const forRoot = () => WsAuthModule.forRoot(jwt);

// One mistake of each kind: each option, extractor and origin has its rows in `test/unit/policy` and `test/unit/credentials`.
const ofModule: Readonly<Record<string, Mistake>> = {
  'imports the module without forRoot()': imports(
    [WsAuthModule],
    "imported without options; write WsAuthModule.forRoot({ strategy: 'jwt' })",
  ),
  'calls forRoot() in two modules': imports(
    [forRoot(), ChatModule],
    'called twice',
    'call it once',
  ),
  'calls forRoot() and forRootAsync()': imports(
    [forRoot(), WsAuthModule.forRootAsync({ useFactory: () => jwt })],
    'called twice',
  ),
  'imports the module once more without forRoot()': imports(
    [forRoot(), WsAuthModule],
    'import it nowhere else: it is global',
  ),
  'names no strategy': imports([WsAuthModule.forRoot()], 'strategy: none is named; pass'),
  'passes a name instead of options': call(
    () => WsAuthModule.forRoot('jwt'),
    'options: expected an object of options',
    "write { strategy: '…' }",
  ),
  'passes a function to forRoot()': call(
    () => WsAuthModule.forRoot(() => jwt),
    'options: expected an object of options',
    'forRootAsync',
  ),
  'passes useFactory to forRoot()': option({ useFactory: () => jwt }, 'useFactory', 'forRootAsync'),
  'passes nothing to forRootAsync()': call(
    () => WsAuthModule.forRootAsync({}),
    'forRootAsync: expected one of useFactory, useClass and useExisting',
  ),
  'passes options to forRootAsync()': call(
    () => WsAuthModule.forRootAsync(jwt),
    'forRootAsync.strategy',
    'useFactory',
  ),
  'passes a value as useFactory': call(
    () => WsAuthModule.forRootAsync({ useFactory: jwt as never }),
    'forRootAsync.useFactory: expected a function',
  ),
  'passes two sources': call(
    () => WsAuthModule.forRootAsync({ useFactory: () => jwt, useExisting: 'OPTIONS' as never }),
    'expected one of useFactory, useClass and useExisting',
  ),
  'returns nothing from useFactory': imports(
    [WsAuthModule.forRootAsync({ useFactory: (() => undefined) as never })],
    'the factory returned undefined; return the options from it',
  ),
  'returns the module from useFactory': imports(
    [WsAuthModule.forRootAsync({ useFactory: forRoot as never })],
    'return the options',
  ),
  'has no createWsAuthOptions() in useClass': imports(
    [WsAuthModule.forRootAsync({ useClass: class {} as never })],
    'need a class with the method createWsAuthOptions()',
  ),
};

const ofAdapters: Readonly<Record<string, Mistake>> = {
  'leaves WsAdapter in main.ts': main(
    (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    'useWebSocketAdapter: WsAdapter does not authenticate; remove the line from main.ts',
  ),
  'leaves IoAdapter in main.ts': main(
    (app) => app.useWebSocketAdapter(new IoAdapter(app)),
    'useWebSocketAdapter: IoAdapter does not authenticate; remove the line from main.ts',
  ),
  'leaves an adapter of its own in main.ts': main(
    (app) => app.useWebSocketAdapter(new OwnAdapter(app)),
    'useWebSocketAdapter: OwnAdapter does not authenticate; let it extend WsAuthAdapter of nestjs-ws-auth/ws instead of WsAdapter',
  ),
  'makes WsAuthAdapter of a second copy of the package': main((app) => {
    const adapter = new WsAdapter(app);
    Object.defineProperty(adapter, 'constructor', { value: { name: 'WsAuthAdapter' } });
    app.useWebSocketAdapter(adapter);
  }, 'useWebSocketAdapter: this WsAuthAdapter does not authenticate for this module; npm ls nestjs-ws-auth shows two copies'),
  'makes WsAuthAdapter without the application': main(
    (app) => app.useWebSocketAdapter(new WsAuthAdapter(undefined)),
    'pass the application: new WsAuthAdapter(app)',
  ),
  'makes WsAuthAdapter of an HTTP server': main(
    (app) => app.useWebSocketAdapter(new WsAuthAdapter(createServer() as never)),
    'expected the Nest application, new WsAuthAdapter(app)',
  ),
  'makes WsAuthAdapter with options of a gateway': main(
    (app) => app.useWebSocketAdapter(new WsAuthAdapter(app, { path: '/chat' } as never)),
    'WsAuthAdapter.path: unknown option',
    'messageParser',
  ),
  'makes WsAuthAdapter without the module': {
    application: { providers: [EchoGateway] },
    main: (app) => app.useWebSocketAdapter(new WsAuthAdapter(app)),
    says: ['does not import WsAuthModule; add WsAuthModule.forRoot()'],
  },
};

const ofStrategies: Readonly<Record<string, Mistake>> = {
  'provides no strategy': {
    application: {
      imports: [WsAuthModule.forRoot({ strategy: 'absent' })],
      providers: [EchoGateway],
    },
    says: ['no Passport strategy is registered as "absent"', 'providers'],
  },
  'names a strategy that has another name': option(
    { strategy: 'access-token' },
    'no Passport strategy is registered as "access-token"',
    'the application provides "jwt": name one of them in the option strategy',
  ),
  'names a strategy in other letters': option({ strategy: 'JWT' }, '"JWT"', 'jwt'),
  'misspells a strategy in @WsAuth()': {
    application: {
      imports: [WsAuthModule.forRoot(jwt)],
      providers: [JwtStrategy, MisspeltGateway],
    },
    says: ['"jtw"', 'jwt'],
  },
  'misspells a strategy of an extractor': option(
    credentials(fromQueryParam('token', { strategy: 'jtw' })),
    '"jtw"',
    'jwt',
  ),
  'misspells the second of two strategies': option({ strategy: ['jwt', 'basik'] }, '"basik"'),
  'misspells the default of PassportModule': {
    application: {
      imports: [PassportModule.register({ defaultStrategy: 'jtw' }), WsAuthModule.forRoot()],
      providers,
    },
    says: ['"jtw"', 'jwt'],
  },
  'passes the class of a strategy': option(
    { strategy: JwtStrategy },
    'strategy: expected the name',
    "'jwt'",
  ),
  'has a request-scoped strategy': {
    application: {
      imports: [WsAuthModule.forRoot({ strategy: 'per-request' })],
      providers: [PerRequestStrategy, EchoGateway],
    },
    says: ['"per-request"', /request-scoped|scope/],
  },
  'asks for tickets without the option': option(
    { strategy: 'ws-ticket' },
    'ws-ticket',
    'tickets: {}',
  ),
};

const ofCredentials: Readonly<Record<string, Mistake>> = {
  'lists an extractor of passport-jwt': option(
    credentials(ExtractJwt.fromAuthHeaderAsBearerToken()),
    'credentials: expected extractors such as fromAuthorizationHeader()',
  ),
  'lists an extractor of a second copy of the package': option(
    credentials({ name: 'fromFirstMessage', phase: 'message' }),
    'called, in a list; npm ls nestjs-ws-auth shows two copies of the package',
  ),
  'writes a scheme in small letters': call(
    () => fromAuthorizationHeader({ schemes: ['bearer' as never] }),
    "schemes: expected 'Basic', 'Bearer' or both",
  ),
  'passes a prefix as text': call(
    () => fromSubprotocol('bearer.' as never),
    'fromSubprotocol: expected an object of options',
  ),
  'names one header as text': call(
    () => fromRequest({ headers: 'x-api-key' as never }),
    'fromRequest.headers: expected names in a list',
  ),
  'has a bridge without pages': call(
    () => fromCookie('t', { bridge: { path: '/bridge' } as never }),
    'fromCookie.bridge.parentOrigins',
  ),
  'has guests beside a first message': option(
    { optional: true, ...credentials(fromFirstMessage()) },
    'optional',
  ),
};

const cookie = credentials(fromCookie('token'));
const ofOrigins: Readonly<Record<string, Mistake>> = {
  'accepts cookies from every page': option(
    { allowedOrigins: '*', ...cookie },
    "allowedOrigins: '*'",
    'list the origins of your pages',
  ),
};

const ofOptions: Readonly<Record<string, Mistake>> = {
  'misspells an option': option(
    { credential: [] },
    'credential: unknown option; did you mean credentials?',
  ),
  'passes the secret of its tokens': option({ secret: 's' }, 'secret', 'strategy', 'secretOrKey'),
  'passes jwtFromRequest': option({ jwtFromRequest: () => null }, 'jwtFromRequest', 'credentials'),
  'passes defaultStrategy': option(
    { defaultStrategy: 'jwt' },
    'defaultStrategy',
    'did you mean strategy?',
  ),
  'passes isGlobal': option({ isGlobal: true }, 'isGlobal', 'it is global'),
  'closes where browsers need a 401': option(
    { rejection: 'close', ...credentials(fromUserInfo()) },
    "rejection: 'close' sends no 401",
    "write rejection: 'auto' or 'http'",
  ),
  'passes one middleware without a list': option(
    { middleware: () => undefined },
    'middleware: expected functions in a list',
  ),
  'passes the client of Redis': option(
    { store: { get() {}, set() {} } },
    'store: expected a store such as redisWsAuthStore(client)',
  ),
  'counts in a cluster without a store': option(
    { maxSessionsPerUser: 1, sessionLimitScope: 'cluster' },
    "sessionLimitScope: 'cluster' needs a store that the nodes share",
  ),
  'turns tickets on by true': option({ tickets: true }, 'tickets: expected an object of options'),
  'does not call openTelemetry': option(
    { telemetry: openTelemetry },
    'telemetry: expected openTelemetry() of nestjs-ws-auth/opentelemetry',
  ),
  'logs at a level that Nest does not know': option(
    { refusalLogLevel: 'info' },
    'refusalLogLevel: expected',
  ),
};

describe.each([
  ['its module', ofModule],
  ['its adapters', ofAdapters],
  ['its strategies', ofStrategies],
  ['its credentials', ofCredentials],
  ['its origins', ofOrigins],
  ['its options', ofOptions],
])('an application with a mistake in %s', (_where, mistakes) => {
  it.each(Object.entries(mistakes))('K11a: does not boot where it %s', async (_what, mistake) => {
    const error = await bootError(mistake.application, mistake.main);
    expect(error, error.stack).toBeInstanceOf(WsAuthConfigurationError);
    for (const part of mistake.says) {
      expect(error.message).toMatch(part);
    }
  });
});
