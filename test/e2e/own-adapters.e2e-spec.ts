import type { Provider } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import type { MessageMappingProperties } from '@nestjs/websockets';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { concatMap, EMPTY, map, of, throwError, type Observable } from 'rxjs';
import { Server as IoServer } from 'socket.io';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { WsAuthConfigurationError, WsAuthModule, WsPublic } from '../../lib/index.js';
import { authenticateMessage } from '../../lib/client.js';
import { socketIo, WsAuthIoAdapter } from '../../lib/socket-io.js';
import { WsAuthAdapter } from '../../lib/ws.js';
import { bootError, startApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';

const opened: { close(): unknown }[] = [];

afterEach(() => opened.splice(0).forEach((server) => server.close()));

/** A server of the application's own, which no code of this package has seen. */
function ownServer(): WebSocketServer {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  opened.push(server);
  return server;
}

class WithServerOfItsOwn extends WsAuthAdapter {
  override create(): WebSocketServer {
    return ownServer();
  }
}

class WithIoServerOfItsOwn extends WsAuthIoAdapter {
  override create(): never {
    return new IoServer() as never;
  }
}

/** Has the server of this package made, and hands another one to Nest. */
class WithServerBeside extends WsAuthAdapter {
  override create(port: number, options: ServerOptions = {}): WebSocketServer {
    super.create(port, options);
    return ownServer();
  }
}

class WithIoServerBeside extends WsAuthIoAdapter {
  override create(...given: Parameters<WsAuthIoAdapter['create']>): never {
    super.create(...given);
    return new IoServer() as never;
  }
}

class WithNothing extends WsAuthIoAdapter {
  override create(...given: Parameters<WsAuthIoAdapter['create']>): never {
    super.create(...given);
    return undefined as never;
  }
}

class WithNamespaceBeside extends WsAuthIoAdapter {
  override create(...given: Parameters<WsAuthIoAdapter['create']>): never {
    super.create(...given);
    return new IoServer().of('/') as never;
  }
}

/** Serves one path by itself. */
class WithOneServerOfItsOwn extends WsAuthAdapter {
  override create(port: number, options: ServerOptions = {}): WebSocketServer {
    return options.path === '/own' ? ownServer() : super.create(port, options);
  }
}

@WebSocketGateway({ path: '/own' })
class OwnGateway {}

@WsPublic()
@WebSocketGateway({ path: '/own' })
class PublicGateway {}

const ws = { strategy: 'jwt' };
const io = { ...ws, platform: socketIo() };

describe('an adapter of the application whose create() returns a server of its own', () => {
  it.each([
    ['ws', ws, WithServerOfItsOwn, EchoGateway, '/'],
    ['ws beside ours', ws, WithServerBeside, EchoGateway, '/'],
    ['Socket.IO', io, WithIoServerOfItsOwn, EchoGateway, '/'],
    ['Socket.IO beside ours', io, WithIoServerBeside, EchoGateway, '/'],
    ['nothing', io, WithNothing, EchoGateway, '/'],
    ['a namespace beside ours', io, WithNamespaceBeside, EchoGateway, '/'],
    ['one path of ws', ws, WithOneServerOfItsOwn, OwnGateway, '/own'],
  ] as const)('K11c: refuses to boot, with %s', async (_name, options, Adapter, gateway, path) => {
    const error = await bootError(
      {
        imports: [WsAuthModule.forRoot(options)],
        providers: [JwtStrategy, EchoGateway, gateway] as Provider[],
      },
      (nest) => nest.useWebSocketAdapter(new Adapter(nest)),
    );
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toBe(
      `${Adapter.name}: create() returns a server for ${path} that this package has not made, so that nothing would authenticate its ` +
        'clients; return what super.create(port, options) returns',
    );
  });

  it('K11c: boots where the gateway is public', async () => {
    await using app = await startApp(
      {
        imports: [WsAuthModule.forRoot(ws)],
        providers: [JwtStrategy, EchoGateway, PublicGateway],
      },
      (nest) => nest.useWebSocketAdapter(new WithOneServerOfItsOwn(nest)),
    );
    expect(await app.connect('/', bearer('wrong')).refusal()).toMatchObject({ status: 401 });
  });
});

it('K11c: a module that is loaded after Nest has bound the gateways refuses to boot', async () => {
  const loading = {
    provide: 'loading',
    inject: [LazyModuleLoader],
    useFactory: (loader: LazyModuleLoader) => ({
      onModuleInit: () => loader.load(() => WsAuthModule.forRoot({ strategy: 'jwt' })),
    }),
  };
  const error = await bootError({ providers: [JwtStrategy, EchoGateway, loading] }, (nest) =>
    nest.useWebSocketAdapter(new WsAdapter(nest)),
  );
  expect(error).toBeInstanceOf(WsAuthConfigurationError);
  expect(error.message).toBe(
    'WsAuthModule: it is loaded after WsAdapter has been set, as by LazyModuleLoader, so that nothing would authenticate clients of ' +
      'the gateways; import it in the root module',
  );
});
it('K11c: an adapter that is frozen refuses to boot', async () => {
  const error = await bootError(
    { imports: [WsAuthModule.forRoot(ws)], providers: [JwtStrategy, EchoGateway] },
    (nest) => nest.useWebSocketAdapter(Object.freeze(new WsAuthAdapter(nest))),
  );
  expect(error).toBeInstanceOf(WsAuthConfigurationError);
  expect(error.message).toBe(
    'useWebSocketAdapter: WsAuthAdapter is frozen, and Nest sets properties of it; remove Object.freeze()',
  );
});

/** Overrides as applications write them, with what the adapter of Nest would do. */
class WithHandlersOfItsOwn extends WsAuthAdapter {
  readonly heard: string[] = [];

  override bindClientConnect(server: WebSocketServer, callback: (client: WebSocket) => void): void {
    server.on('connection', (client) => {
      client.on('message', (data: Buffer) => this.heard.push(data.toString()));
      callback(client);
    });
  }

  override bindMessageHandlers(client: WebSocket, handlers: MessageMappingProperties[]): void {
    client.on('message', (data: Buffer) => {
      const { event } = JSON.parse(data.toString()) as { event: string };
      const found = handlers.find(({ message }) => message === event);
      if (found) {
        void found.callback('', event);
        client.send(JSON.stringify({ event, data: 'own' }));
      }
    });
  }

  override async close(server: WebSocketServer): Promise<void> {
    await super.close(server);
  }
}

it('K11c: an adapter that binds handlers by itself receives nothing without a session, and no credential', async () => {
  let adapter: WithHandlersOfItsOwn | undefined;
  const token = tokenOf('alice');
  await using app = await startApp(
    { imports: [WsAuthModule.forRoot(ws)], providers: [JwtStrategy, EchoGateway] },
    (nest) => nest.useWebSocketAdapter((adapter = new WithHandlersOfItsOwn(nest))),
  );
  const guest = app.connect();
  await guest.opened();
  guest.socket.send('{"event":"echo","data":"early"}');
  await guest.closed();
  const client = app.connect('/', bearer(token));
  await client.opened();
  client.socket.send(authenticateMessage(token));
  expect(await client.next()).toContain('authenticated');
  client.socket.send('{"event":"echo","data":"hello"}');
  expect(await client.next()).toBe('{"event":"echo","data":"own"}');
  expect(adapter!.heard).toEqual(['{"event":"echo","data":"hello"}']);
});

type Transform = NonNullable<Parameters<WsAuthAdapter['bindMessageHandlers']>[2]>;

/** Handles frames by itself: it drops what is called secret. */
class WithFramesOfItsOwn extends WsAuthAdapter {
  override bindMessageHandler(
    ...[frame, handlers, transform]: Parameters<WsAuthAdapter['bindMessageHandler']>
  ): Observable<unknown> {
    const { data } = frame as { data: string };
    return data.includes('secret') ? EMPTY : super.bindMessageHandler(frame, handlers, transform);
  }
}

/** Changes what handlers return. */
class WithRepliesOfItsOwn extends WsAuthAdapter {
  override bindMessageHandlers(
    client: WebSocket,
    handlers: MessageMappingProperties[],
    transform: Transform,
  ): void {
    super.bindMessageHandlers(client, handlers, (result) =>
      (transform(result) as Observable<object>).pipe(
        concatMap((reply) => ('failing' in reply ? throwError(() => new Error('no')) : of(reply))),
        map((reply) => ({ ...reply, sealed: true })),
      ),
    );
  }
}

/** Looks at clients, and leaves the rest to the adapter. */
class WithALook extends WsAuthAdapter {
  override bindMessageHandlers(client: WebSocket, handlers: MessageMappingProperties[]): void {
    super.bindMessageHandlers(client, handlers);
  }
}

@WebSocketGateway({ path: '/replies' })
class ReplyGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'echo', data };
  }

  @SubscribeMessage('failing')
  failing() {
    return { failing: true };
  }

  @SubscribeMessage('big')
  big() {
    return { event: 'big', data: 1n };
  }
}

describe.each([
  [WithFramesOfItsOwn, { event: 'echo', data: 'b' }],
  [WithRepliesOfItsOwn, { event: 'echo', data: 'b', sealed: true }],
  [WithALook, { event: 'echo', data: 'b' }],
] as const)('%o', (Adapter, reply) => {
  it('K11c: handles messages as it would if it extended WsAdapter', async () => {
    await using app = await startApp(
      { imports: [WsAuthModule.forRoot(ws)], providers: [JwtStrategy, ReplyGateway] },
      (nest) => nest.useWebSocketAdapter(new Adapter(nest)),
    );
    const client = app.connect('/replies', bearer(tokenOf('alice')));
    await client.opened();
    if (Adapter === WithFramesOfItsOwn) {
      client.socket.send('{"event":"echo","data":"secret"}');
    } else if (Adapter === WithRepliesOfItsOwn) {
      client.socket.send('{"event":"failing"}');
    }
    client.socket.send('{"event":"big"}');
    client.socket.send('no message');
    client.socket.send('{"event":"unknown"}');
    client.socket.send('{"event":"echo","data":"b"}');
    expect(JSON.parse(await client.next())).toEqual(reply);
  });
});
