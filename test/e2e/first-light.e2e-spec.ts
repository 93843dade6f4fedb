import { describe, expect, it } from 'vitest';
import { PassportModule } from '@nestjs/passport';
import { WsAuthModule } from '../../lib/index.js';
import { startApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

const metadata = {
  imports: [PassportModule.register({ defaultStrategy: 'jwt' }), WsAuthModule.forRoot()],
  providers: [JwtStrategy, EchoGateway],
};

describe('WsAuthModule.forRoot() without arguments', () => {
  it('accepts a bearer token on the upgrade', async () => {
    await using app = await startApp(metadata);
    const client = app.connect('/', { headers: { authorization: `Bearer ${tokenOf('alice')}` } });
    await client.opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromAuthorizationHeader' });
  });

  it('accepts a token in the first message, and acknowledges it before anything else', async () => {
    await using app = await startApp(metadata);
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('bob') }).emit('whoami');
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.nextEvent()).toEqual({
      event: 'whoami',
      data: { user: 'bob', via: 'fromFirstMessage' },
    });
  });

  it('refuses a wrong token on the upgrade with 401 and two challenges', async () => {
    await using app = await startApp(metadata);
    const client = app.connect('/', { headers: { authorization: 'Bearer wrong' } });
    const refusal = await client.refusal();
    expect(refusal.status).toBe(401);
    expect(refusal.challenges).toEqual([
      'Basic realm="Users", charset="UTF-8"',
      'Bearer realm="Users", error="invalid_token"',
    ]);
  });

  it('closes a wrong token in the first message with 3000', async () => {
    await using app = await startApp(metadata);
    const client = await app.connect().opened();
    client.emit('authenticate', { token: 'wrong' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });
});
