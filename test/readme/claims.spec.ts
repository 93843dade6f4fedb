import { Injectable, UseGuards, type CanActivate } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WsAuthSessions } from '../../lib/index.js';
import { startApp, startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { patient } from '../support/patience.js';
import { type TestUser } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

interface MaybeUser {
  user?: TestUser;
}

@Injectable()
class CountingGuard implements CanActivate {
  static runs = 0;

  canActivate(): boolean {
    CountingGuard.runs += 1;
    return true;
  }
}

/** What people write without this package: the check is still under way when the first message is there. */
@UseGuards(CountingGuard)
@WebSocketGateway()
class HandWrittenGateway {
  static finishChecks: () => void;
  readonly #checked = new Promise<void>((resolve) => (HandWrittenGateway.finishChecks = resolve));
  guardRunsAtConnection: number | undefined;

  async handleConnection(client: MaybeUser): Promise<void> {
    this.guardRunsAtConnection = CountingGuard.runs;
    await this.#checked;
    client.user = { id: 'alice' };
  }

  @SubscribeMessage('whoami')
  whoami(@ConnectedSocket() client: MaybeUser) {
    return { event: 'whoami', data: client.user ?? 'nobody' };
  }
}

describe('Nest alone, as README.md describes it', () => {
  it('runs no guard when a client connects, and handles messages before handleConnection has ended', async () => {
    await using app = await startApp({ providers: [HandWrittenGateway, CountingGuard] }, (nest) =>
      nest.useWebSocketAdapter(new WsAdapter(nest)),
    );
    const client = await app.connect().opened();
    expect(await client.ask('whoami')).toBe('nobody');
    expect(app.nest.get(HandWrittenGateway).guardRunsAtConnection).toBe(0);
    HandWrittenGateway.finishChecks();
    await client.barrier();
    expect(await client.ask('whoami')).toEqual({ id: 'alice' });
  });
});

describe('a session, as README.md describes it', () => {
  it('ends when its token does', async () => {
    await using app = await startProtected({ expiresAt: () => Date.now() + patient(500) });
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it('goes on if the client answers `expiring` with a newer token of the same user', async () => {
    await using app = await startProtected({
      expiresAt: () => Date.now() + 60_000,
      expiryWarningMs: 59_900,
    });
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.nextEvent()).toMatchObject({ event: 'expiring' });
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('ends when it is revoked, and its token does not come back', async () => {
    await using app = await startProtected();
    const headers = { authorization: `Bearer ${tokenOf('alice')}` };
    const client = await app.connect('/', { headers }).opened();
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    const again = app.connect('/', { headers });
    await Promise.race([again.refusal(), again.closed()]);
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });
});
