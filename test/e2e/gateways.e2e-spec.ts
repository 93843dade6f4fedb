import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import {
  ConsoleLogger,
  Injectable,
  Module,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  fromQueryParam,
  fromSubprotocol,
  sessionOf,
  WsAuth,
  WsAuthConfigurationError,
  WsAuthModule,
  WsPublic,
  type WsAuthModuleOptions,
  type WsAuthPolicyOptions,
} from '../../lib/index.js';
import { ws, WsAuthAdapter } from '../../lib/ws.js';
import { bootError, freePort, startApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { customStrategy, JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';

const upgrades = (server: Server) => server.listenerCount('upgrade');
const asAlice = { user: 'alice', via: 'fromAuthorizationHeader' };

/** A gateway class of its own, so that each test decorates a fresh one. */
function gateway(port: number, path?: string, policy?: WsAuthPolicyOptions): Type<EchoGateway> {
  @WebSocketGateway(port, path === undefined ? {} : { path })
  class TestGateway extends EchoGateway {}
  if (policy) {
    WsAuth(policy)(TestGateway);
  }
  return TestGateway;
}

function publicGateway(port = 0, path?: string): Type<object> {
  @WsPublic()
  @WebSocketGateway(port, path === undefined ? {} : { path })
  class PublicGateway {
    @SubscribeMessage('session')
    session(client: WebSocket) {
      return { event: 'session', data: sessionOf(client) ?? 'none' };
    }
  }
  return PublicGateway;
}

function metadata(providers: Provider[], options: WsAuthModuleOptions = {}): ModuleMetadata {
  return {
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
    providers: [JwtStrategy, ...providers],
  };
}

describe("a gateway on the application's server", () => {
  it.each([
    [undefined, '/'],
    ['/ws', '/ws'],
    ['ws', '/ws'],
    ['/ws/', '/ws'],
    ['/a/b', '/a/b'],
  ])('with the path %j is reached at %j', async (path, url) => {
    await using app = await startApp(metadata([gateway(0, path)]));
    const client = await app.connect(`${url}?room=1`, bearer()).opened();
    expect(await client.ask('whoami')).toEqual(asAlice);
    expect((await app.connect(url, {}).opened()).socket.readyState).toBe(WebSocket.OPEN);
  });

  it('leaves plain HTTP to the application', async () => {
    await using app = await startApp(metadata([gateway(0, '/ws')]));
    expect((await ask(`${app.origin}/ws`)).status).toBe(404);
    expect((await ask(`${app.origin}/ws`)).body).toContain('Cannot GET /ws');
  });

  it.each([
    ['Express', () => new ExpressAdapter()],
    ['Fastify', () => new FastifyAdapter()],
  ])('works on %s', async (_name, httpAdapter) => {
    await using app = await startApp(metadata([gateway(0, '/ws')]), undefined, {
      httpAdapter: httpAdapter(),
    });
    const client = await app.connect('/ws', bearer()).opened();
    expect(await client.ask('whoami')).toEqual(asAlice);
    expect((await app.connect('/other', bearer()).refusal()).status).toBe(404);
  });

  it('has nothing to do with HTTP routes that prefix and version', async () => {
    await using app = await startApp(metadata([gateway(0, '/ws')]), (nest) =>
      nest.setGlobalPrefix('api'),
    );
    await app.connect('/ws', bearer()).opened();
  });
});

describe('a gateway on a port of its own', () => {
  it.each([
    [undefined, '/anything'],
    ['/ws', '/ws'],
  ])('with the path %j is reached at %j', async (path, url) => {
    const port = await freePort();
    await using app = await startApp(metadata([gateway(port, path)]));
    const client = await app.connectTo(`ws://127.0.0.1:${port}${url}`, bearer()).opened();
    expect(await client.ask('whoami')).toEqual(asAlice);
    expect((await app.connect(url, bearer()).refusal()).status).toBe(404);
  });

  it.each([undefined, '/ws'])('with the path %j answers plain HTTP with 426', async (path) => {
    const port = await freePort();
    await using _app = await startApp(metadata([gateway(port, path)]));
    const answer = await ask(`http://127.0.0.1:${port}/ws`);
    expect(answer).toMatchObject({
      status: 426,
      body: 'websocket upgrade required\n',
      headers: { upgrade: 'websocket', 'sec-websocket-version': '13', 'cache-control': 'no-store' },
    });
  });

  it('refuses another path with 404', async () => {
    const port = await freePort();
    await using app = await startApp(metadata([gateway(port, '/ws')]));
    const refusal = await app.connectTo(`ws://127.0.0.1:${port}/`, bearer()).refusal();
    expect(refusal.status).toBe(404);
  });

  it('shares the port with gateways of other paths', async () => {
    const port = await freePort();
    await using app = await startApp(metadata([gateway(port, '/a'), gateway(port, '/b')]));
    await app.connectTo(`ws://127.0.0.1:${port}/a`, bearer()).opened();
    await app.connectTo(`ws://127.0.0.1:${port}/b`, bearer()).opened();
  });

  it('knows its address, and stops listening when the application closes', async () => {
    const port = await freePort();
    @WebSocketGateway(port)
    class AddressGateway {
      @WebSocketServer() readonly server!: { address(): AddressInfo };
    }
    const app = await startApp(metadata([AddressGateway]));
    expect(app.nest.get(AddressGateway).server.address().port).toBe(port);
    await app[Symbol.asyncDispose]();
    await expect(ask(`http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  it('closes although a plain HTTP connection is kept alive', async () => {
    const port = await freePort();
    const app = await startApp(metadata([gateway(port)]));
    await ask(`http://127.0.0.1:${port}/`, { headers: { connection: 'keep-alive' } });
    await app[Symbol.asyncDispose]();
  });
});

describe('several gateways on one server', () => {
  it('authenticate once, then each sees the connection and its messages', async () => {
    let runs = 0;
    const counting = customStrategy('counting', () => ({ id: String((runs += 1)) }));
    @WebSocketGateway()
    class SecondGateway extends EchoGateway {
      @SubscribeMessage('second')
      second(client: WebSocket) {
        return { event: 'second', data: sessionOf(client)!.userId };
      }
    }
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'counting' })],
      providers: [counting, EchoGateway, SecondGateway],
    });
    const client = await app.connect('/', bearer()).opened();
    expect(await client.ask('second')).toBe('1');
    client.emit('whoami');
    expect(await client.nextEvent()).toMatchObject({ data: { user: '1' } });
    expect(await client.nextEvent()).toMatchObject({ data: { user: '1' } });
    for (const each of [EchoGateway, SecondGateway]) {
      expect(app.nest.get(each).connected).toHaveLength(1);
    }
    expect(runs).toBe(1);
  });

  it('may have the same option twice', async () => {
    await using app = await startApp(
      metadata(
        ['t', 't'].map((name) => gateway(0, '/ws', { credentials: [fromQueryParam(name)] })),
      ),
    );
    await app.connect(`/ws?t=${tokenOf('alice')}`).opened();
  });

  it.each([
    ['another extractor', { credentials: [fromQueryParam('a')] }],
    ['another option of it', { credentials: [fromQueryParam('token', { strategy: 'x' })] }],
    ['another strategy', { strategy: 'other' }],
    ['nothing, beside one that does', undefined],
  ])('refuse to boot if one demands %s', async (_what, policy) => {
    class FirstGateway {}
    WebSocketGateway()(FirstGateway);
    WsAuth({ credentials: [fromQueryParam('token')] })(FirstGateway);
    const error = await bootError(metadata([FirstGateway, gateway(0, undefined, policy)]));
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(/FirstGateway and TestGateway share a server/);
  });

  it('refuse to boot if one is public', async () => {
    const error = await bootError(metadata([EchoGateway, publicGateway()]));
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(/EchoGateway and PublicGateway/);
  });

  it('refuse to boot if they are in different modules, too', async () => {
    @Module({ providers: [publicGateway()] })
    class OtherModule {}
    const { imports = [], providers = [] } = metadata([EchoGateway]);
    const error = await bootError({ imports: [...imports, OtherModule], providers });
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
  });

  it.each([
    ['/ws', 'ws'],
    ['/ws', '/ws/'],
    ['', undefined],
  ])('refuse to boot if they write one path as %j and %j', async (first, second) => {
    const error = await bootError(metadata([gateway(0, first), gateway(0, second)]));
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(/^path: /);
  });
});

describe('@WsAuth', () => {
  it('overrides the policy of the module field by field', async () => {
    const options: WsAuthModuleOptions = {
      credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })],
      realm: 'Module',
    };
    await using app = await startApp(
      metadata(
        [
          gateway(0, '/plain'),
          gateway(0, '/realm', { realm: 'Gateway' }),
          gateway(0, '/query', { credentials: [fromQueryParam('token')] }),
          gateway(0, '/none', {}),
          Object.assign(gateway(0, '/undefined', { realm: undefined } as object)),
        ],
        options,
      ),
    );
    const challenge = async (path: string) =>
      (await app.connect(path, {}).refusal()).challenges.join();
    expect(await challenge('/plain')).toBe('Bearer realm="Module"');
    expect(await challenge('/none')).toBe('Bearer realm="Module"');
    expect(await challenge('/undefined')).toBe('Bearer realm="Module"');
    expect(await challenge('/realm')).toBe('Bearer realm="Gateway"');
    await app.connect('/realm', bearer()).opened();
    await app.connect(`/query?token=${tokenOf('alice')}`).opened();
    expect((await app.connect('/query', bearer()).refusal()).status).toBe(401);
  });

  it('makes no gateway public: without it the policy of the module holds', async () => {
    await using app = await startApp(
      metadata([gateway(0, '/a'), gateway(0, '/b', { strategy: 'jwt' })], {
        credentials: [fromAuthorizationHeader()],
      }),
    );
    expect((await app.connect('/a').refusal()).status).toBe(401);
    expect((await app.connect('/b').refusal()).status).toBe(401);
  });

  it('refuses to boot in an application without WsAuthModule, naming it', async () => {
    const error = await bootError({ providers: [JwtStrategy, gateway(0, undefined, {})] }, (nest) =>
      nest.useWebSocketAdapter(new WsAdapter(nest)),
    );
    expect(error.message).toContain('WsAuthModule.forRoot()');
  });
});

describe('@WsPublic()', () => {
  it('accepts every client, without a session', async () => {
    await using app = await startApp(metadata([publicGateway(0, '/open'), gateway(0, '/ws')]));
    const client = await app.connect('/open').opened();
    expect(await client.ask('session')).toBe('none');
    const withToken = await app.connect('/open', bearer()).opened();
    expect(await withToken.ask('session')).toBe('none');
  });

  it('needs no strategy', async () => {
    await using app = await startApp({
      imports: [WsAuthModule.forRoot()],
      providers: [publicGateway()],
    });
    await app.connect().opened();
  });
});

describe('an application refuses to boot', () => {
  it('with another adapter, before a port of a gateway is open', async () => {
    const port = await freePort();
    await bootError(metadata([gateway(port)]), (nest) =>
      nest.useWebSocketAdapter(new WsAdapter(nest)),
    );
    await expect(ask(`http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  it.each([
    [{ path: '/chat', allowEIO3: true }, /^allowEIO3: it is an option of Socket\.IO/],
    [{ pingInterval: 25_000 }, /^pingInterval: it is an option of Socket\.IO/],
  ])('with options of Socket.IO, which native WebSockets ignore: %o', async (options, message) => {
    @WebSocketGateway(options)
    class SocketIoGateway {}
    expect((await bootError(metadata([SocketIoGateway]))).message).toMatch(message);
  });
});

it('another adapter is refused when it is set, before Nest binds a gateway to a port', async () => {
  @Module(metadata([EchoGateway]))
  class AppModule {}
  const nest = await NestFactory.create(AppModule, { abortOnError: false, logger: false });
  const set = () => nest.useWebSocketAdapter(new WsAdapter(nest));
  expect(set).toThrow(/^useWebSocketAdapter: WsAdapter does not authenticate/);
  await nest.close();
});

describe('WsAuthModule', () => {
  it('protects gateways of the platform that it is given', async () => {
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', platform: ws() })],
      providers: [JwtStrategy, EchoGateway],
    });
    expect((await app.connect('/', bearer('forged')).refusal()).status).toBe(401);
    await app.connect('/', bearer()).opened();
  });

  @Injectable()
  class Options {
    createWsAuthOptions(): WsAuthModuleOptions {
      return { strategy: 'jwt', credentials: [fromQueryParam('token')] };
    }
  }

  it.each([
    ['a factory', { useFactory: async () => new Options().createWsAuthOptions() }],
    ['a class', { useClass: Options }],
  ])('takes options from %s', async (_source, options) => {
    await using app = await startApp({
      imports: [WsAuthModule.forRootAsync(options)],
      providers: [JwtStrategy, EchoGateway],
    });
    await app.connect(`/?token=${tokenOf('alice')}`).opened();
  });

  it('takes options from a factory with dependencies of another module', async () => {
    @Injectable()
    class Settings {
      readonly realm = 'Configured';
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    await using app = await startApp({
      imports: [
        WsAuthModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: ({ realm }: Settings) => ({
            strategy: 'jwt',
            realm,
            credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })],
          }),
        }),
      ],
      providers: [JwtStrategy, EchoGateway],
    });
    expect((await app.connect().refusal()).challenges).toEqual(['Bearer realm="Configured"']);
  });

  it('takes the default strategy of PassportModule, and prefers its own', async () => {
    const other = customStrategy('other', () => ({ id: 'somebody' }));
    await using app = await startApp({
      imports: [
        PassportModule.register({ defaultStrategy: 'other' }),
        WsAuthModule.forRoot({ strategy: 'jwt' }),
      ],
      providers: [JwtStrategy, other, gateway(0, '/a'), gateway(0, '/b', { strategy: 'other' })],
    });
    expect(await (await app.connect('/a', bearer()).opened()).ask('whoami')).toEqual(asAlice);
    expect(await (await app.connect('/b', bearer()).opened()).ask('whoami')).toMatchObject({
      user: 'somebody',
    });
  });

  it('keeps a WsAuthAdapter of the application, with its messageParser', async () => {
    await using app = await startApp(metadata([EchoGateway]), (nest) =>
      nest.useWebSocketAdapter(
        new WsAuthAdapter(nest, {
          messageParser: (data) => {
            const [event, ...rest] = (data as string).split(' ');
            return { event: event ?? '', data: rest.join(' ') };
          },
        }),
      ),
    );
    const client = await app.connect('/', bearer()).opened();
    client.sendRaw('echo hello there');
    expect(await client.nextEvent()).toEqual({ event: 'echo', data: 'hello there' });
    const pending = await app.connect().opened();
    pending.emit('authenticate', { token: tokenOf('bob') }).sendRaw('echo in my own format');
    expect(await pending.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await pending.nextEvent()).toEqual({ event: 'echo', data: 'in my own format' });
  });

  it('K12d: survives a messageParser that returns a promise, which is rejected', async () => {
    await using app = await startApp(metadata([EchoGateway]), (nest) =>
      nest.useWebSocketAdapter(
        new WsAuthAdapter(nest, {
          messageParser: (data) =>
            (data === 'bad' ? Promise.reject(new Error('late')) : { event: 'echo', data }) as never,
        }),
      ),
    );
    const client = await app.connect('/', bearer()).opened();
    client.sendRaw('bad').sendRaw('good');
    expect(await client.nextEvent()).toEqual({ event: 'echo', data: 'good' });
  });

  it('K8h: names what is wrong where two modules call forRoot() with equal options', async () => {
    @Module({ imports: [WsAuthModule.forRoot({ strategy: 'jwt', realm: 'One' })] })
    class FeatureModule {}
    @Module({ imports: [WsAuthModule.forRoot({ strategy: 'jwt', realm: 'One' })] })
    class OtherModule {}
    const { providers = [] } = metadata([EchoGateway]);
    const error = await bootError({ imports: [FeatureModule, OtherModule], providers });
    expect(error.message).toMatch(
      /forRoot\(\) .* is called twice, .* equal options, .* root module/,
    );
    expect(error.message).not.toContain('different');
  });

  it('boots in an application without HTTP, for services that use it', async () => {
    const context = await Test.createTestingModule(metadata([])).compile();
    await context.init();
    expect(context.get(WsAuthModule)).toBeInstanceOf(WsAuthModule);
    await context.close();
  });

  it('protects an application whose module list names it last', async () => {
    @Module({ providers: [JwtStrategy, EchoGateway] })
    class ChatModule {}
    await using app = await startApp({
      imports: [ChatModule, WsAuthModule.forRoot({ strategy: 'jwt' })],
    });
    expect(
      (await app.connect('/', { headers: { authorization: 'Bearer x' } }).refusal()).status,
    ).toBe(401);
  });
});

describe('the HTTP server of the application', () => {
  it('has no listener left when the application has closed', async () => {
    const app = await startApp(metadata([gateway(0, '/a'), gateway(0, '/b')]));
    const server: Server = app.nest.getHttpServer();
    expect(upgrades(server)).toBe(1);
    await app.connect('/a', bearer()).opened();
    await app[Symbol.asyncDispose]();
    expect(upgrades(server)).toBe(0);
  });

  it('may outlive the application, and takes another one', async () => {
    const server = createServer();
    const adapter = new ExpressAdapter();
    adapter.setHttpServer(server);
    const app = await startApp(metadata([EchoGateway]), undefined, { httpAdapter: adapter });
    await app[Symbol.asyncDispose]();
    expect(upgrades(app.nest.getHttpServer() as Server)).toBe(0);
  });

  it('keeps upgrade listeners of others: each path goes to whom it belongs', async () => {
    await using app = await startApp(metadata([gateway(0, '/ws')]));
    const server: Server = app.nest.getHttpServer();
    server.on('upgrade', ({ url }, socket: Socket) => {
      if (url === '/theirs') {
        socket.end('HTTP/1.1 418 Theirs\r\nConnection: close\r\n\r\n');
      }
    });
    expect((await app.connect('/theirs').refusal()).status).toBe(418);
    const client = await app.connect('/ws', bearer()).opened();
    expect(await client.ask('whoami')).toEqual(asAlice);
    expect(
      (await app.connect('/ws', { headers: { authorization: 'Bearer x' } }).refusal()).status,
    ).toBe(401);
  });

  it('survives a client that resets its connection at an unknown path', async () => {
    await using app = await startApp(metadata([gateway(0, '/ws')]));
    const server: Server = app.nest.getHttpServer();
    const ignored = new Promise<Socket>((resolve) => {
      server.on('upgrade', (_request, socket: Socket) => resolve(socket));
    });
    const stranger = handshake(app.port, '/nobody');
    const socket = await ignored;
    expect(socket.listenerCount('error')).toBeGreaterThan(0);
    stranger.resetAndDestroy();
    await new Promise((resolve) => socket.once('close', resolve));
    const client = await app.connect('/ws', bearer()).opened();
    expect(await client.ask('whoami')).toEqual(asAlice);
  });
});

describe('options of ws', () => {
  it('without clientTracking a protected gateway works all the same', async () => {
    @WebSocketGateway({ clientTracking: false })
    class UntrackedGateway extends EchoGateway {}
    await using app = await startApp(metadata([UntrackedGateway]));
    const client = await app.connect('/', bearer()).opened();
    expect(await client.ask('whoami')).toEqual(asAlice);
    const pending = await app.connect().opened();
    pending.emit('authenticate', { token: tokenOf('bob') });
    expect(await pending.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await pending.ask('whoami')).toMatchObject({ user: 'bob' });
  });

  it('maxPayload holds for sessions, whichever way they came', async () => {
    @WebSocketGateway({ maxPayload: 1_000 })
    class SmallGateway extends EchoGateway {}
    await using app = await startApp(metadata([SmallGateway]));
    const early = await app.connect('/', bearer()).opened();
    const late = await app.connect().opened();
    late.emit('authenticate', { token: tokenOf('bob') });
    await late.next();
    for (const client of [early, late]) {
      expect(await client.ask('echo', 'x'.repeat(900))).toHaveLength(900);
      client.emit('echo', 'x'.repeat(1_000));
      expect((await client.closed()).code).toBe(1009);
    }
  });

  it.each<[string, () => unknown]>([
    ['a promise', () => Promise.resolve('chat')],
    ['a promise that is rejected', () => Promise.reject(new Error('late'))],
    ['another subprotocol', () => 'superchat'],
    ['two lines', () => 'chat\r\nSet-Cookie: a=b'],
  ])(
    'K12d: a handleProtocols that returns %s refuses the upgrade',
    async (_what, handleProtocols) => {
      @WebSocketGateway({ handleProtocols })
      class BrokenGateway extends EchoGateway {}
      @WsPublic()
      @WebSocketGateway({ path: '/public', handleProtocols })
      class BrokenPublicGateway {}
      await using app = await startApp(metadata([BrokenGateway, BrokenPublicGateway]));
      for (const path of ['/', '/public']) {
        const client = app.connect(path, { ...bearer(), protocols: ['chat'] });
        expect(await client.refusal()).toMatchObject({ status: 500 });
        await app.connect(path, bearer()).opened();
      }
    },
  );

  it('handleProtocols never sees the entry with the token', async () => {
    const seen: string[][] = [];
    const handleProtocols = (offered: Set<string>) => {
      seen.push([...offered]);
      return 'superchat';
    };
    @WebSocketGateway({ handleProtocols })
    class ChoosingGateway extends EchoGateway {}
    await using app = await startApp(
      metadata([ChoosingGateway], { credentials: [fromSubprotocol()] }),
    );
    const protocols = ['chat', `bearer.${tokenOf('alice')}`, 'superchat'];
    const client = await app.connect('/', { protocols }).opened();
    expect(client.socket.protocol).toBe('superchat');
    expect(seen).toEqual([['chat', 'superchat']]);
  });
});

describe('many gateways', () => {
  it('cost the application no warning about listeners', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const port = await freePort();
    const many = Array.from({ length: 15 }, (_, index) => gateway(port, `/${index}`));
    await using app = await startApp(metadata(many), undefined, {
      logger: new ConsoleLogger({ logLevels: [] }),
    });
    const client = await app.connectTo(`ws://127.0.0.1:${port}/14`, bearer()).opened();
    await client.barrier();
    process.off('warning', warn);
    expect(warnings.map(({ message }) => message)).toEqual([]);
  });
});

/** Sends a handshake for exactly this target. */
function handshake(port: number, target: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  return socket;
}
