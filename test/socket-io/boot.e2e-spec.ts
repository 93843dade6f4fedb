import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromSubprotocol,
  fromUserInfo,
  protectUpgrades,
  WsPublic,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { tokenOf } from '../support/tokens.js';
import { startIo } from './support/io-app.js';
import { IoEcho, RootGateway } from './support/io-gateways.js';

const bridge = { path: '/bridge', parentOrigins: ['http://app.test'] };

describe('10: an application refuses to boot', () => {
  it.each([
    ['protectUpgrades()', '/', undefined],
    ['protectUpgrades()', '/socket', undefined],
    ['protectUpgrades()', '/socket', ''],
    ['protectUpgrades()', '/rt', '/rt/io'],
    ['graphqlWs()', '/rt', '/rt-io'],
  ])('K12a: where %s with %s covers %s of Socket.IO', async (what, path, own) => {
    @WebSocketGateway({ ...(own !== undefined && { path: own }) })
    class Gateway extends IoEcho {}
    const other =
      what === 'graphqlWs()'
        ? { platforms: [graphqlWs({ path })] }
        : { upgrades: [protectUpgrades({ path })] };
    const credentials = [fromAuthorizationHeader()];
    await expect(startIo({ ...other, credentials }, [Gateway])).rejects.toThrow(
      `path: ${path} covers ${own || '/socket.io'} of Socket.IO as well`,
    );
  });

  it.each([
    [
      'connectionStateRecovery',
      { connectionStateRecovery: {} },
      /missed is sent before any middleware/,
    ],
    ['allowEIO3', { allowEIO3: true }, /join the root namespace without a payload/],
    ['initialPacket', { initialPacket: 'hello' }, /before authentication/],
    ['transports', { transports: ['websocket', 'webtransport'] }, /no request/],
    ...[
      'connectTimeout',
      'httpRequestBodyTimeout',
      'maxBufferedChunks',
      'maxHttpBufferSize',
      'pingInterval',
      'pingTimeout',
      'upgradeTimeout',
    ].flatMap((name) =>
      [Number.NaN, '1000', -1, 0.5, null].map((value): [string, object, RegExp] => [
        name,
        { [name]: value },
        /expected 0, or a number from 1 to /,
      ]),
    ),
    ['allowRequest', { allowRequest: 'x' }, /expected a function/],
    ['wsEngine', { wsEngine: 'eiows' }, /expected a class/],
    ...['allowUpgrades', 'serveClient', 'cleanupEmptyChildNamespaces', 'destroyUpgrade'].map(
      (name): [string, object, RegExp] => [name, { [name]: 'false' }, /expected true or false/],
    ),
    ...[[], ['flash'], 'websocket', null].map((transports): [string, object, RegExp] => [
      'transports',
      { transports },
      /expected 'polling', 'websocket' or both/,
    ]),
    ['maxHttpBuferSize', { maxHttpBuferSize: 1_000 }, /did you mean maxHttpBufferSize\?$/],
    ['namspace', { namspace: 'chat' }, /did you mean namespace\?$/],
    ['origins', { origins: '*' }, /has no such option for Socket.IO/],
    ['maxPayload', { maxPayload: 1_000 }, /has no such option for Socket.IO/],
    ['allowedOrigins', { allowedOrigins: ['http://app.test'] }, /belongs to @WsAuth/],
    ['port', { port: 8080 }, /is the first argument/],
  ])('with the option %s of a gateway', async (name, options, why) => {
    @WebSocketGateway(options)
    class Gateway extends IoEcho {}
    const boot = startIo({}, [Gateway]);
    await expect(boot).rejects.toThrow(new RegExp(`^${name}: `));
    await expect(boot).rejects.toThrow(why);
    await expect(boot).rejects.toMatchObject({ code: 'ERR_WS_AUTH_CONFIGURATION' });
  });

  it.each([
    [undefined, '/socket.io'],
    [undefined, '/socket.io/'],
    ['/chat', '/chat/'],
    ['/chat/', '/chat'],
    ['/chat', '/chat/news'],
    ['/chat/news', '/chat'],
  ])('with gateways at %s and at %s, of which one covers the other', async (one, other) => {
    for (const isPublic of [true, false]) {
      class First extends IoEcho {}
      class Second extends IoEcho {}
      WebSocketGateway(one === undefined ? {} : { path: one })(First);
      WebSocketGateway({ path: other })(Second);
      if (isPublic) {
        WsPublic()(Second);
      }
      await expect(startIo({}, [First, Second])).rejects.toThrow(
        /^path: \/.+ and \/.+ are paths of two servers of Socket.IO, and one covers the other.+ overrides create\(\), return what super/,
      );
    }
  });

  it.each(['chat', '/a b', '/a?b', '/a#b', '/\u00e4', 5, null])(
    'with the path %j, which matches no request',
    async (path) => {
      @WebSocketGateway({ path } as object)
      class Gateway extends IoEcho {}
      await expect(startIo({}, [Gateway])).rejects.toThrow(/^path: .+ matches no request/);
    },
  );

  it.each(['/chats', '/chat-2', '/news', '/chat%2Fnews'])(
    'not with gateways at /chat and at %s',
    async (path) => {
      @WebSocketGateway({ path: '/chat' })
      class First extends IoEcho {}
      @WebSocketGateway({ path })
      class Second extends IoEcho {}
      await using app = await startIo({}, [First, Second]);
      expect(app.pending).toBe(0);
    },
  );

  it.each([
    [{ connectTimeout: 200 }, {}, 200, 5_000],
    [{ connectTimeout: 5_000 }, {}, 5_000, 5_000],
    [{}, { authTimeoutMs: 60_000 }, 45_000, 60_000],
    [{ connectTimeout: 0 }, { authTimeoutMs: 60_000 }, 45_000, 60_000],
  ])(
    'K11: with %j of a gateway and %j, where Socket.IO closes clients that authenticate',
    async (options, policy, closesMs, authenticatesMs) => {
      @WebSocketGateway(options)
      class Gateway extends IoEcho {}
      await expect(startIo(policy, [Gateway])).rejects.toThrow(
        `connectTimeout: Socket.IO closes clients after ${closesMs} ms, while they may authenticate for ${authenticatesMs} ms`,
      );
    },
  );

  it('K11: with a port that is a text', async () => {
    @WebSocketGateway('8123' as never)
    class Gateway extends IoEcho {}
    await expect(startIo({}, [Gateway])).rejects.toThrow(
      '@WebSocketGateway of Gateway: expected a port that is a whole number, or options, got a value of type string',
    );
  });

  it.each<[string, WsAuthModuleOptions, RegExp]>([
    [
      'fromSubprotocol()',
      { credentials: [fromSubprotocol()] },
      /^credentials: fromSubprotocol\(\)/,
    ],
    ['fromUserInfo()', { credentials: [fromUserInfo()] }, /^credentials: fromUserInfo\(\)/],
    [
      'a raw first message',
      { credentials: [fromFirstMessage({ format: 'raw' })] },
      /^credentials: .*raw/,
    ],
    ['a cookie bridge', { credentials: [fromCookie('s', { bridge })] }, /^fromCookie\.bridge: /],
    ['heartbeatIntervalMs', { heartbeatIntervalMs: 1_000 }, /^heartbeatIntervalMs: .*pingInterval/],
    ['a property that clients have', { property: 'handshake' }, /^property: .*'handshake'/],
  ])('with %s', async (_what, options, message) => {
    await expect(startIo(options, [RootGateway])).rejects.toThrow(message);
  });
});

it.each([
  { maxHttpBufferSize: 0.1 * 1_024 * 1_024 },
  { maxHttpBufferSize: 1e10 },
  { pingInterval: 1e5 / 3 },
])('boots with %o, which engine.io takes', async (options) => {
  @WebSocketGateway(options)
  class Gateway extends IoEcho {}
  await using app = await startIo({}, [Gateway]);
  await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected();
});
