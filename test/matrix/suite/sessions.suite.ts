import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  WsAuthEvents,
  WsAuthModule,
  WsAuthSessions,
  WsTickets,
  fromQueryParam,
  WsUser,
  type WsAuthModuleOptions,
} from 'nestjs-ws-auth';
import { tokenOf } from '../../support/tokens.js';
import { bearer, login, start } from './application.js';

@WebSocketGateway({ path: '/live' })
class LiveGateway {
  @SubscribeMessage('whoami')
  whoami(@WsUser('id') id: string) {
    return { event: 'whoami', data: id };
  }
}

const startLive = (options: WsAuthModuleOptions = {}) =>
  start({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
    providers: [LiveGateway],
  });

describe('a session', () => {
  it('ends with its token', async () => {
    await using app = await startLive({ expiresAt: () => Date.now() + 100 });
    const client = await app.connect('/live', bearer()).opened();
    assert.deepEqual(await client.closed(), { code: 3000, reason: 'token expired' });
    assert.equal(app.nest.get(WsAuthSessions).count(), 0);
  });

  it('goes on with a newer token of the same user, after the warning', async () => {
    const minute = 60_000;
    // The warning of the second would come while an answer is awaited.
    const lives = [minute];
    await using app = await startLive({
      expiresAt: () => Date.now() + (lives.shift() ?? 60 * minute),
      expiryWarningMs: minute - 100,
    });
    const client = await login(app.connect('/live'));
    assert.equal((await client.nextEvent()).event, 'expiring');
    client.emit('authenticate', { token: tokenOf('alice') });
    assert.equal((await client.nextEvent()).event, 'authenticated');
    assert.equal(await client.ask('whoami'), 'alice');
  });

  it('ends with a token of another user', async () => {
    await using app = await startLive();
    const client = await login(app.connect('/live'));
    client.emit('authenticate', { token: tokenOf('mallory') });
    assert.deepEqual(await client.closed(), { code: 3003, reason: 'other user' });
  });

  it('ends when it is revoked, and its token does not come back', async () => {
    await using app = await startLive();
    const headers = { authorization: `Bearer ${tokenOf('alice', { jti: 'one' })}` };
    const client = await app.connect('/live', { headers }).opened();
    assert.equal(await client.ask('whoami'), 'alice');
    assert.equal(await app.nest.get(WsAuthSessions).revoke({ tokenId: 'one' }), 1);
    assert.deepEqual(await client.closed(), { code: 3000, reason: 'revoked' });
    assert.equal((await app.connect('/live', { headers }).refusal()).status, 401);
  });

  it('is announced, and its end is', async () => {
    await using app = await startLive();
    const told: string[] = [];
    const events = app.nest.get(WsAuthEvents);
    events.on('authenticated', ({ userId }) => told.push(`authenticated ${userId}`));
    events.on('refused', ({ code }) => told.push(`refused ${code}`));
    const client = await app.connect('/live', bearer()).opened();
    await client.ask('whoami');
    await app.connect('/live', { headers: { authorization: 'Bearer bad' } }).refusal();
    assert.deepEqual(told, ['authenticated alice', 'refused ERR_WS_AUTH_CREDENTIAL_REJECTED']);
  });
});

describe('a ticket', () => {
  it('opens one socket, and no second one', async () => {
    await using app = await startLive({
      tickets: {},
      credentials: [fromQueryParam('ticket', { strategy: 'ws-ticket' })],
    });
    const { ticket } = await app.nest.get(WsTickets).issue({ id: 'alice' });
    const client = await app.connect(`/live?ticket=${ticket}`).opened();
    assert.equal(await client.ask('whoami'), 'alice');
    assert.equal((await app.connect(`/live?ticket=${ticket}`).refusal()).status, 401);
  });
});
