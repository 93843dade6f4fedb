import { Controller, Get } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { WsAuthModule, WsAuthSessions, type WsAuthModuleOptions } from '../../lib/index.js';
import { WsAuthService } from '../../lib/module/ws-auth.service.js';
import { Deferred } from '../../lib/client/deferred.js';
import { startApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { handshakeOf, type HandshakeParts } from '../support/invariants.js';
import { RawPeer, transcriptOf } from '../support/raw-peer.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';

/** An application whose responses wait for the test. */
async function startSlow(options: WsAuthModuleOptions = {}) {
  const asked = new Deferred<void>();
  const answer = new Deferred<string>();
  @Controller()
  class SlowController {
    @Get('slow')
    slow(): Promise<string> {
      asked.resolve();
      return answer.promise;
    }

    @Get('fast')
    fast(): string {
      return 'fast';
    }
  }
  const app = await startApp({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
    controllers: [SlowController],
    providers: [JwtStrategy, EchoGateway],
  });
  return { app, asked: asked.promise, answer };
}

function requestOf(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
}

const good = { authorization: `Bearer ${tokenOf('alice')}` };

const upgrades: readonly (readonly [string, HandshakeParts, number])[] = [
  ['with a good token', { fields: good }, 101],
  ['that waits for a first message', {}, 101],
  ['with a bad token', { fields: { authorization: 'Bearer bad' } }, 401],
  ['that is malformed', { fields: { ...good, 'sec-websocket-key': 'x' } }, 400],
  ['for an unknown path', { target: '/unknown', fields: good }, 404],
];

describe('an upgrade behind a request that has yet to be answered', () => {
  it.each(upgrades)('HS-25: %s is answered after it', async (_what, parts, status) => {
    const { app, asked, answer } = await startSlow();
    await using _app = app;
    await using peer = new RawPeer(app.port)
      .write(requestOf('/slow') + requestOf('/fast'))
      .write(handshakeOf(parts, app.port));
    await asked;
    await turns(20);
    expect(peer.received.toString()).toBe('');
    answer.resolve('slow');
    await expect.poll(() => statusesOf(peer)).toEqual([200, 200, status]);
    if (parts.fields === good) {
      peer.emit('whoami');
      const isAnswered = () =>
        peer.received.toString('latin1').endsWith('"alice","via":"fromAuthorizationHeader"}}');
      await expect.poll(() => status !== 101 || isAnswered()).toBe(true);
    }
  });

  it.each([
    ['the client leaves', ''],
    ['the connection ends with the response', 'Connection: close\r\n'],
  ])('HS-25: is dropped where %s', async (_why, more) => {
    const { app, asked, answer } = await startSlow();
    await using _app = app;
    await using peer = new RawPeer(app.port)
      .write(requestOf('/slow', more))
      .write(handshakeOf({ fields: good }, app.port));
    await asked;
    if (more === '') {
      peer.reset();
      await peer.disconnected();
    }
    answer.resolve('slow');
    await peer.disconnected();
    await turns(20);
    expect(statusesOf(peer).filter((status) => status !== 200)).toEqual([]);
    expect(app.nest.get(WsAuthSessions, { strict: false }).count()).toBe(0);
    expect(app.nest.get(WsAuthService, { strict: false }).budget.total).toBe(0);
  });
});

it('an upgrade on a connection whose requests were answered is accepted immediately', async () => {
  const { app } = await startSlow();
  await using _app = app;
  await using peer = new RawPeer(app.port).write(requestOf('/fast'));
  await expect.poll(() => statusesOf(peer)).toEqual([200]);
  peer.write(handshakeOf({ fields: good }, app.port));
  await expect.poll(() => statusesOf(peer)).toEqual([200, 101]);
});

function statusesOf({ received }: RawPeer): number[] {
  return transcriptOf(received, false).responses.map(({ status }) => status);
}
