import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  WsAuth,
  WsAuthModule,
  WsSession,
  type WsAuthSession,
} from 'nestjs-ws-auth';
import type { ConnectOptions } from '../../support/client.js';
import { tokenOf } from '../../support/tokens.js';
import { bearer, login, start, type User } from './application.js';

class IntroducingGateway {
  @SubscribeMessage('whoami')
  whoami(@WsSession() { user, extractor }: WsAuthSession<User>) {
    return { event: 'whoami', data: `${user.id} ${extractor}` };
  }
}

@WsAuth({
  credentials: [
    fromAuthorizationHeader(),
    fromQueryParam('token'),
    fromCookie('token'),
    fromSubprotocol(),
    fromFirstMessage(),
  ],
})
@WebSocketGateway({ path: '/every-way' })
class EveryWayGateway extends IntroducingGateway {}

@WsAuth({ credentials: [fromAuthorizationHeader()], realm: 'Machines' })
@WebSocketGateway({ path: '/machines' })
class MachineGateway extends IntroducingGateway {}

const startBoth = () =>
  start({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
    providers: [EveryWayGateway, MachineGateway],
  });

async function whoami(path: string, optionsFor: (origin: string) => ConnectOptions) {
  await using app = await startBoth();
  const client = await app.connect(path, optionsFor(app.origin)).opened();
  return { answer: await client.ask('whoami'), protocol: client.socket.protocol };
}

async function refusal(path: string, options: ConnectOptions = {}) {
  await using app = await startBoth();
  return await app.connect(path, options).refusal();
}

describe('a credential is found', () => {
  it('in the Authorization header', async () => {
    const { answer } = await whoami('/every-way', () => bearer());
    assert.equal(answer, 'alice fromAuthorizationHeader');
  });

  it('in the query', async () => {
    const { answer } = await whoami(`/every-way?token=${tokenOf('bob')}`, () => ({}));
    assert.equal(answer, 'bob fromQueryParam');
  });

  it('in a cookie, from a page of the own origin', async () => {
    const { answer } = await whoami('/every-way', (origin) => ({
      origin,
      headers: { cookie: `theme=dark; token=${tokenOf('carol')}` },
    }));
    assert.equal(answer, 'carol fromCookie');
  });

  it('in a subprotocol, which is not the one that is answered', async () => {
    const protocols = [`bearer.${tokenOf('dave')}`, 'chat'];
    const { answer, protocol } = await whoami('/every-way', () => ({ protocols }));
    assert.equal(answer, 'dave fromSubprotocol');
    assert.equal(protocol, 'chat');
  });

  it('in the first message', async () => {
    await using app = await startBoth();
    const client = await login(app.connect('/every-way'), 'erin');
    assert.equal(await client.ask('whoami'), 'erin fromFirstMessage');
  });
});

describe('an upgrade is refused', () => {
  it('without a credential: 401 and a challenge of the realm', async () => {
    const { status, challenges } = await refusal('/machines');
    assert.equal(status, 401);
    assert.ok(challenges.includes('Bearer realm="Machines"'), challenges.join());
  });

  it('with a bad token: 401 and the reason', async () => {
    const headers = { authorization: `Bearer ${tokenOf('alice')}x` };
    const { status, challenges } = await refusal('/machines', { headers });
    assert.equal(status, 401);
    assert.match(challenges.join(), /Bearer .*error="invalid_token"/);
  });

  it('with an expired token: 401', async () => {
    const token = tokenOf('alice', { exp: Math.floor(Date.now() / 1_000) - 60 });
    const { status } = await refusal('/machines', {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(status, 401);
  });

  it('with a cookie, from a page of another origin: 403', async () => {
    const { status } = await refusal('/every-way', {
      origin: 'https://evil.example',
      headers: { cookie: `token=${tokenOf('alice')}` },
    });
    assert.equal(status, 403);
  });

  it('with two credentials: 400', async () => {
    const { status } = await refusal(`/every-way?token=${tokenOf('alice')}`, bearer());
    assert.equal(status, 400);
  });

  it('on a path that no gateway has: 404', async () => {
    const { status, headers } = await refusal('/nowhere', bearer());
    assert.equal(status, 404);
    assert.equal(headers.connection, 'close');
  });
});

describe('a pending socket is closed', () => {
  it('with 3000 for a bad token in the first message', async () => {
    await using app = await startBoth();
    const client = await app.connect('/every-way').opened();
    client.emit('authenticate', { token: 'bad' });
    assert.deepEqual(await client.closed(), { code: 3000, reason: 'credential rejected' });
  });

  it('with 3000 for a first message that is not a credential', async () => {
    await using app = await startBoth();
    const client = await app.connect('/every-way').opened();
    client.emit('whoami');
    assert.deepEqual(await client.closed(), { code: 3000, reason: 'credential required' });
    assert.deepEqual(client.unread, []);
  });
});
