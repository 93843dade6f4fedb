import { PassportModule } from '@nestjs/passport';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  WsAuthModule,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startApp, startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { HttpBasicStrategy, JwtStrategy } from '../support/strategies.js';
import { basicHeader, bearer, tokenOf } from '../support/tokens.js';

const kubernetesPrefix = 'base64url.bearer.authorization.k8s.io.';
const base64url = (text: string) => Buffer.from(text).toString('base64url');

/** One way in: who reads the credential, and how a client sends it. */
interface Way {
  readonly name: string;
  readonly via: string;
  readonly extractor: WsCredentialExtractor;
  readonly send: (app: TestApp, token: string) => TestClient;
  /** Sent after the 101. */
  readonly afterwards?: (token: string) => object;
}

const ways: readonly Way[] = [
  {
    name: 'Authorization: Bearer',
    via: 'fromAuthorizationHeader',
    extractor: fromAuthorizationHeader(),
    send: (app, token) => app.connect('/', bearer(token)),
  },
  {
    name: 'a query parameter',
    via: 'fromQueryParam',
    extractor: fromQueryParam('token'),
    send: (app, token) => app.connect(`/?room=1&token=${token}`),
  },
  {
    name: 'a cookie',
    via: 'fromCookie',
    extractor: fromCookie('token'),
    send: (app, token) =>
      app.connect('/', { headers: { cookie: `a=1; token=${token}`, origin: app.origin } }),
  },
  {
    name: 'a subprotocol',
    via: 'fromSubprotocol',
    extractor: fromSubprotocol(),
    send: (app, token) => app.connect('/', { protocols: ['chat', `bearer.${token}`] }),
  },
  {
    name: 'a subprotocol in the Kubernetes form',
    via: 'fromSubprotocol',
    extractor: fromSubprotocol({ prefix: kubernetesPrefix, encoding: 'base64url' }),
    send: (app, token) =>
      app.connect('/', { protocols: [`${kubernetesPrefix}${base64url(token)}`, 'chat'] }),
  },
  {
    name: 'the user name of the URL',
    via: 'fromUserInfo',
    extractor: fromUserInfo(),
    send: (app, token) => app.connectTo(`ws://${token}:x@127.0.0.1:${app.port}/`),
  },
  {
    name: 'the first message',
    via: 'fromFirstMessage',
    extractor: fromFirstMessage(),
    send: (app) => app.connect(),
    afterwards: (token) => ({ event: 'authenticate', data: { token } }),
  },
];

async function whoami({ send, afterwards }: Way, app: TestApp, token: string): Promise<unknown> {
  const client = await send(app, token).opened();
  if (afterwards) {
    client.sendRaw(JSON.stringify(afterwards(token)));
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  }
  return client.ask('whoami');
}

const all = [
  fromAuthorizationHeader(),
  fromQueryParam('token'),
  fromCookie('token'),
  fromSubprotocol(),
  fromSubprotocol({ prefix: kubernetesPrefix, encoding: 'base64url' }),
  fromUserInfo(),
  fromFirstMessage(),
];

describe.each(ways)('$name alone', (way) => {
  const options = { credentials: [way.extractor] };

  it('leads to a session that states how', async () => {
    await using app = await startProtected(options);
    expect(await whoami(way, app, tokenOf('alice'))).toEqual({ user: 'alice', via: way.via });
  });

  it('is refused with a wrong token', async () => {
    await using app = await startProtected(options);
    const client = way.send(app, 'wrong');
    if (way.afterwards) {
      await client.opened();
      client.sendRaw(JSON.stringify(way.afterwards('wrong')));
      expect(await client.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
    } else {
      const refusal = await client.refusal();
      expect(refusal.status).toBe(401);
      expect(refusal.body).toBe('credential rejected\n');
      expect(refusal.challenges).toHaveLength(way.extractor.challengeSchemes.length);
    }
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('is the only way in', async () => {
    await using app = await startProtected(options);
    for (const other of ways.filter(({ via }) => via !== way.via)) {
      const client = other.send(app, tokenOf('alice'));
      if (way.afterwards) {
        await client.opened();
        await client.barrier();
      } else {
        expect((await client.refusal()).status).toBe(401);
      }
    }
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });
});

describe('one endpoint for everything', () => {
  it.each(ways)('takes $name', async (way) => {
    await using app = await startProtected({ credentials: all });
    expect(await whoami(way, app, tokenOf('alice'))).toEqual({ user: 'alice', via: way.via });
  });

  it('takes a user name with a password, too', async () => {
    await using app = await startProtected(
      {
        credentials: [
          fromAuthorizationHeader({ strategy: ['jwt', 'basic'] }),
          fromUserInfo(),
          fromFirstMessage(),
        ],
      },
      [HttpBasicStrategy],
    );
    const client = app.connect('/', {
      headers: { authorization: basicHeader('bob', 'secret of bob') },
    });
    await client.opened();
    expect(await client.ask('whoami')).toEqual({ user: 'bob', via: 'fromAuthorizationHeader' });
  });

  it('answers 101 and waits without a credential', async () => {
    await using app = await startProtected({ credentials: all });
    const client = await app.connect('/', { headers: { origin: 'https://else.example' } }).opened();
    await client.barrier();
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
    expect(client.unread).toEqual([]);
  });

  it('does not wait for a message after a bad explicit credential on the upgrade', async () => {
    await using app = await startProtected({ credentials: all });
    const explicit = ways.filter(({ via, afterwards }) => via !== 'fromCookie' && !afterwards);
    for (const way of explicit) {
      expect((await way.send(app, 'wrong').refusal()).status).toBe(401);
    }
  });

  it('K13a: waits for a message after a bad cookie, which a page cannot drop', async () => {
    await using app = await startProtected({ credentials: all });
    const cookie = ways.find(({ via }) => via === 'fromCookie')!;
    const client = await cookie.send(app, 'wrong').opened();
    await client.barrier();
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('answers 401 with one line per scheme when nothing can come by message', async () => {
    await using app = await startProtected({ credentials: all.slice(0, -1), realm: 'Chat "1"' });
    const refusal = await app.connect().refusal();
    expect(refusal).toMatchObject({ status: 401, body: 'credential required\n' });
    expect(refusal.challenges).toEqual([
      String.raw`Basic realm="Chat \"1\"", charset="UTF-8"`,
      String.raw`Bearer realm="Chat \"1\""`,
    ]);
    expect(refusal.headers).toMatchObject({ connection: 'close', 'cache-control': 'no-store' });
  });
});

describe('a subprotocol', () => {
  const credentials = [fromSubprotocol(), fromFirstMessage()];

  it('is answered as ever where the page sends its token by message', async () => {
    await using app = await startProtected({ credentials });
    const client = await app.connect('/', { protocols: ['chat', 'superchat'] }).opened();
    expect(client.socket.protocol).toBe('chat');
  });
});

describe('user information in the URL', () => {
  it('ignores the password where nothing else reads Basic', async () => {
    await using app = await startProtected({ credentials: [fromUserInfo()] });
    const url = `ws://${tokenOf('alice')}:anything@127.0.0.1:${app.port}/`;
    const client = await app.connectTo(url).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromUserInfo' });
  });
});

describe('fromRequest()', () => {
  it('waits for a message when the strategy finds nothing, and only then', async () => {
    await using app = await startProtected({ credentials: [fromRequest(), fromFirstMessage()] });
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    const headers = { authorization: 'Bearer wrong' };
    expect((await app.connect('/', { headers }).refusal()).status).toBe(401);
  });

  it('shows the strategy the request as it came', async () => {
    await using app = await startProtected({ credentials: [fromRequest()] });
    const headers = { authorization: `Bearer ${tokenOf('alice')}` };
    const client = await app.connect('/', { headers }).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromRequest' });
  });
});

describe('without any options', () => {
  const metadata = {
    imports: [PassportModule.register({ defaultStrategy: 'jwt' }), WsAuthModule.forRoot()],
    providers: [JwtStrategy, EchoGateway],
  };

  it('the header and the first message are ways in, with the default strategy', async () => {
    await using app = await startApp(metadata);
    for (const way of ways) {
      if (way.via === 'fromAuthorizationHeader' || way.via === 'fromFirstMessage') {
        expect(await whoami(way, app, tokenOf('alice'))).toEqual({ user: 'alice', via: way.via });
      }
    }
  });

  it('a wrong token is refused with 401 and two challenges', async () => {
    await using app = await startApp(metadata);
    const client = app.connect('/', { headers: { authorization: 'Bearer wrong' } });
    const refusal = await client.refusal();
    expect(refusal.status).toBe(401);
    expect(refusal.challenges).toEqual([
      'Basic realm="Users", charset="UTF-8"',
      'Bearer realm="Users", error="invalid_token"',
    ]);
  });
});
