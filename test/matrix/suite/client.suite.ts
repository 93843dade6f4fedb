import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  WsAuthModule,
  WsAuthSessions,
  WsUser,
  type WsAuthModuleOptions,
} from 'nestjs-ws-auth';
import {
  connect,
  queryParam,
  subprotocol,
  userInfo,
  type ConnectOptions,
  type WsAuthSocket,
} from 'nestjs-ws-auth/client';
import { WebSocket } from 'ws';
import { tokenOf } from '../../support/tokens.js';
import { start } from './application.js';

const hasGlobal = 'WebSocket' in globalThis;
const minuteMs = 60_000;
const alice = () => tokenOf('alice');

@WebSocketGateway({ path: '/live' })
class LiveGateway {
  @SubscribeMessage('whoami')
  whoami(@WsUser('id') id: string) {
    return { event: 'whoami', data: id };
  }
}

const startLive = (options: WsAuthModuleOptions = {}, port = 0) =>
  start(
    {
      imports: [
        WsAuthModule.forRoot({
          strategy: 'jwt',
          credentials: [fromFirstMessage(), fromQueryParam('token'), fromSubprotocol()],
          ...options,
        }),
      ],
      providers: [LiveGateway],
    },
    port,
  );

/** Connects with the WebSocket of Node.js where it has one, and with `ws` elsewhere. */
function connectTo(port: number, options: Partial<ConnectOptions> = {}) {
  const socket = connect(`ws://127.0.0.1:${port}/live`, {
    token: alice,
    backOffMs: 20,
    maxBackOffMs: 60,
    ...(!hasGlobal && { WebSocket }),
    ...options,
  });
  return Object.assign(socket, { [Symbol.dispose]: () => socket.close() });
}

/** An event of the socket, from now on. */
async function next(socket: WsAuthSocket, type: string): Promise<Record<string, unknown>> {
  const [event] = (await once(socket as unknown as EventTarget, type)) as [Record<string, unknown>];
  return event;
}

async function whoami(socket: WsAuthSocket): Promise<unknown> {
  const answer = next(socket, 'message');
  socket.send(JSON.stringify({ event: 'whoami' }));
  return JSON.parse(String((await answer)['data']));
}

const isAlice = { event: 'whoami', data: 'alice' };

describe('the client', () => {
  it('needs to be handed a WebSocket in Node.js 20 alone', () => {
    assert.equal(hasGlobal, !process.version.startsWith('v20.'));
  });

  it('cannot send a user name with the WebSocket of Node.js 22', async () => {
    await using app = await startLive({ credentials: [fromUserInfo()] });
    using socket = connectTo(app.port, { via: userInfo(), maxFailures: 1 });
    if (process.version.startsWith('v22.')) {
      assert.equal((await next(socket, 'close'))['code'], 1006);
    } else {
      assert.deepEqual(await whoami(socket), isAlice);
    }
  });

  it('is authenticated in each other way, and sends what was queued before', async () => {
    await using app = await startLive();
    for (const via of [{}, { via: queryParam() }, { via: subprotocol() }]) {
      using socket = connectTo(app.port, via);
      assert.deepEqual(await whoami(socket), isAlice);
    }
  });

  it('renews its session on the open socket when the server sends expiring', async () => {
    await using app = await startLive({
      expiresAt: () => Date.now() + minuteMs,
      expiryWarningMs: minuteMs - 100,
    });
    using socket = connectTo(app.port);
    const { expiresAt } = await socket.authenticated;
    const [session] = app.nest.get(WsAuthSessions).ofUser('alice');
    await next(socket, 'session'); // expiring
    await next(socket, 'session'); // authenticated
    assert.ok(socket.session!.expiresAt! >= expiresAt! + 100);
    assert.deepEqual(await whoami(socket), isAlice);
    assert.equal(app.nest.get(WsAuthSessions).ofUser('alice')[0]!.id, session!.id);
  });

  it('comes back with a new token when its session has ended', async () => {
    await using app = await startLive({ expiresAt: () => Date.now() + 200 });
    using socket = connectTo(app.port);
    const { code, reason, delayMs } = await next(socket, 'waiting');
    assert.deepEqual([code, reason, delayMs], [3000, 'token expired', 0]);
    assert.deepEqual(await whoami(socket), isAlice);
  });

  it('comes back when the server restarts, and sends what was queued meanwhile', async () => {
    const first = await startLive();
    using socket = connectTo(first.port);
    await socket.authenticated;
    const lost = next(socket, 'waiting');
    await first[Symbol.asyncDispose]();
    assert.equal((await lost)['code'], 1001);
    const refused = await next(socket, 'waiting');
    assert.equal(refused['code'], 1006);
    await using _second = await startLive({}, first.port);
    assert.deepEqual(await whoami(socket), isAlice);
  });

  it('gives up when a new token is refused as well', async () => {
    await using app = await startLive();
    const asked: boolean[] = [];
    let unauthenticated = 0;
    using socket = connectTo(app.port, {
      token: ({ refused }) => {
        asked.push(refused);
        return 'no token of this server';
      },
      onUnauthenticated: () => (unauthenticated += 1),
    });
    assert.equal((await next(socket, 'close'))['code'], 3000);
    assert.deepEqual([asked, unauthenticated], [[false, true], 1]);
  });
});
