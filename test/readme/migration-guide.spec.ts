import { Controller, Get, Injectable } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import { WsAdapter } from '@nestjs/platform-ws';
import { describe, expect, it } from 'vitest';
import { WsAuthGuard, WsAuthModule } from '../../lib/index.js';
import { startApp, startGateways } from '../support/app.js';
import { ask } from '../support/http.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, secret, tokenOf } from '../support/tokens.js';
import { ChatGateway as GuardedAfter, HttpAuthGuard } from './snippets/after-auth-guard.js';
import { ChatGateway as ConnectedAfter } from './snippets/after-handle-connection.js';
import { ChatGateway as GuardedBefore, WsJwtGuard } from './snippets/before-auth-guard.js';
import { ChatGateway as ConnectedBefore } from './snippets/before-handle-connection.js';

/** Verifies tokens when the test lets it: a key that is fetched, or a user that is looked up, takes its time as well. */
class PatientJwtService extends JwtService {
  finishChecks!: () => void;
  readonly #finished = new Promise<void>((resolve) => (this.finishChecks = resolve));

  override async verifyAsync<T extends object>(token: string): Promise<T> {
    await this.#finished;
    return super.verifyAsync<T>(token);
  }
}

describe('coming from handleConnection, as lib/guides/migrating.md shows', () => {
  it('before: a message that comes while the token is verified is handled without a user', async () => {
    const jwt = new PatientJwtService({ secret });
    await using app = await startApp(
      { providers: [ConnectedBefore, { provide: JwtService, useValue: jwt }] },
      (nest) => nest.useWebSocketAdapter(new WsAdapter(nest)),
    );
    const client = await app.connect('/chat?token=forged').opened();
    expect(await client.emit('hello').nextEvent()).toEqual({
      event: 'hello',
      data: 'Hello undefined!',
    });
    jwt.finishChecks();
    expect(await client.closed()).toEqual({ code: 1008, reason: 'unauthorized' });
  });

  it('after: it is handled with the user, or not at all', async () => {
    await using app = await startGateways({}, [ConnectedAfter]);
    const client = app.connect(`/chat?token=${tokenOf('alice')}`);
    client.socket.once('open', () => client.emit('hello'));
    expect(await client.nextEvent()).toEqual({ event: 'hello', data: 'Hello alice!' });
    expect(await app.connect('/chat?token=forged').refusal()).toMatchObject({ status: 401 });
    const page = await app.connect('/chat').opened();
    page.emit('authenticate', { token: tokenOf('bob') }).emit('hello');
    expect(await page.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await page.nextEvent()).toEqual({ event: 'hello', data: 'Hello bob!' });
  });
});

@Controller('private')
class PrivateController {
  @Get()
  get(): string {
    return 'private';
  }
}

/** A user whose token names roles. */
@Injectable()
class RolesJwtStrategy extends JwtStrategy {
  override validate({ sub, roles }: { readonly sub: string; readonly roles?: string[] }) {
    return { id: sub, roles };
  }
}

const start = () =>
  startApp({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
    controllers: [PrivateController],
    providers: [
      RolesJwtStrategy,
      GuardedAfter,
      { provide: APP_GUARD, useClass: HttpAuthGuard },
      { provide: APP_GUARD, useClass: WsAuthGuard },
    ],
  });

describe('coming from AuthGuard, as lib/guides/migrating.md shows', () => {
  it('before: anybody is connected, and stays so', async () => {
    await using app = await startApp(
      { providers: [JwtStrategy, WsJwtGuard, GuardedBefore] },
      (nest) => nest.useWebSocketAdapter(new WsAdapter(nest)),
    );
    const alice = await app.connect('/chat', bearer(tokenOf('alice'))).opened();
    expect(await alice.ask('hello')).toBe('Hello alice!');
    const stranger = await app.connect('/chat').opened();
    expect(await stranger.emit('hello').nextEvent()).toMatchObject({ event: 'exception' });
    await stranger.barrier();
    expect(stranger.socket.readyState).toBe(stranger.socket.OPEN);
  });

  it('after: the global guard protects HTTP routes, and leaves the gateway to the module', async () => {
    await using app = await start();
    const token = tokenOf('alice');
    expect((await ask(`${app.origin}/private`)).status).toBe(401);
    expect((await ask(`${app.origin}/private`, bearer(token))).body).toBe('private');
    const client = await app.connect('/chat', bearer(token)).opened();
    expect(await client.ask('hello')).toBe('Hello alice!');
  });

  it('after: a guard that reads request.user judges the user of the socket', async () => {
    await using app = await start();
    const alice = await app.connect('/chat', bearer(tokenOf('alice'))).opened();
    expect(await alice.emit('close').nextEvent()).toMatchObject({ event: 'exception' });
    const admin = tokenOf('root', { roles: ['admin'] });
    const root = await app.connect('/chat', bearer(admin)).opened();
    expect(await root.ask('close')).toBe('root');
  });
});
