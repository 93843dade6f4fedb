import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WebSocketGateway } from '@nestjs/websockets';
import { fromQueryParam, WsAuthModule, type FailureLimiter } from '../../lib/index.js';
import { WsAuthService } from '../../lib/module/ws-auth.service.js';
import { startApp, startProtected } from '../support/app.js';
import { handshakeOf, until } from '../support/invariants.js';
import { RawPeer } from '../support/raw-peer.js';
import { customStrategy, JwtStrategy } from '../support/strategies.js';
import { turns } from '../support/turns.js';

/** A reset that overtakes nothing: the server reads the message and finds the connection gone. */
function sendAndReset(client: WebSocket, message: object): void {
  const { _socket: socket } = client as unknown as { readonly _socket: Socket };
  client.on('error', () => undefined);
  client.send(JSON.stringify(message));
  socket.resetAndDestroy();
}

it('K6c: counts a strategy that still runs against the address of a client that was alone and has left', async () => {
  const events = new EventEmitter();
  const slow = customStrategy('slow', async () => {
    events.emit('asked');
    await once(events, 'end');
    return false;
  });
  const asked = once(events, 'asked');
  await using app = await startProtected({ strategy: 'slow', maxPendingPerAddress: 1 }, [slow]);
  const { budget } = app.nest.get(WsAuthService);
  const upgrade = handshakeOf({ fields: { authorization: 'Bearer opaque' } }, app.port);
  const peer = new RawPeer(app.port).write(upgrade);
  await asked;
  await turns(1);
  peer.reset();
  await until(() => budget.total === 0, 'the client stays pending');
  const next = new RawPeer(app.port).write(upgrade);
  expect((await next.response()).status).toBe(429);
  events.emit('end');
});

it('counts a guess against the address of a client that leaves with it', async () => {
  const counted = new EventEmitter();
  const limiter: FailureLimiter = {
    points: 3,
    get: () => Promise.resolve(null),
    consume: (key) => Promise.resolve(counted.emit('key', key)),
  };
  await using app = await startProtected({ failedAttempts: { perAddress: limiter } });
  const client = new WebSocket(app.url());
  await once(client, 'open');
  const heard = once(counted, 'key');
  sendAndReset(client, { event: 'authenticate', data: { token: 'forged' } });
  expect(await heard).toEqual(['address:127.0.0.1']);
});

const answers: ((verified: boolean) => void)[] = [];

@WebSocketGateway({
  verifyClient: (_info: unknown, answer: (verified: boolean) => void) => {
    answers.push(answer);
  },
})
class VerifyingGateway {}

const upgrade =
  'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/**
 * The application must not listen to events: their payload holds the address, so `authenticating` would read it in time and
 * hide a mistake.
 */
it.each(['reset', 'finish'] as const)(
  'K6c: verifyClient counts for the address of a client without a proxy that leaves by %s()',
  async (leave) => {
    answers.length = 0;
    const credentials = [fromQueryParam('token')];
    const options = { strategy: 'jwt', optional: true, credentials, maxPendingPerAddress: 2 };
    await using app = await startApp({
      imports: [WsAuthModule.forRoot(options)],
      providers: [JwtStrategy, VerifyingGateway],
    });
    const { budget } = app.nest.get(WsAuthService, { strict: false });
    for (const count of [1, 2]) {
      const peer = new RawPeer(app.port).write(upgrade);
      await until(() => answers.length === count, 'verifyClient never begins');
      peer[leave]();
      await until(() => budget.total === 0, 'the client stays pending');
    }
    const refused = new RawPeer(app.port).write(upgrade);
    expect((await refused.response()).status).toBe(429);
    answers.forEach((answer) => answer(false));
  },
);
