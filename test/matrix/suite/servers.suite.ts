import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { Controller, Get } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { fromCookie, sessionOf, WsAuth, WsAuthModule, WsPublic, WsUser } from 'nestjs-ws-auth';
import type { WebSocket } from 'ws';
import { ask } from '../../support/http.js';
import { tokenOf } from '../../support/tokens.js';
import { bearer, login, start } from './application.js';

const page = 'https://app.example.com';

@WsAuth({
  credentials: [fromCookie('token', { bridge: { path: '/bridge', parentOrigins: [page] } })],
  allowedOrigins: [page],
})
@WebSocketGateway({ path: '/cookies' })
class CookieGateway {
  @SubscribeMessage('whoami')
  whoami(@WsUser('id') id: string) {
    return { event: 'whoami', data: id };
  }
}

@WsPublic()
@WebSocketGateway({ path: '/news' })
class NewsGateway {
  @SubscribeMessage('news')
  news(client: WebSocket) {
    return { event: 'news', data: typeof sessionOf(client) };
  }
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('whoami')
  whoami(@WsUser('id') id: string) {
    return { event: 'whoami', data: id };
  }
}

@Controller()
class PageController {
  @Get('page')
  page() {
    return 'a page';
  }
}

const startServer = () =>
  start({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
    controllers: [PageController],
    providers: [CookieGateway, NewsGateway, ChatGateway],
  });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

describe('the HTTP server', () => {
  it('serves the controllers beside the gateways', async () => {
    await using app = await startServer();
    const { status, body } = await ask(`${app.origin}/page`);
    assert.deepEqual([status, body], [200, 'a page']);
    assert.equal((await ask(`${app.origin}/nowhere`)).status, 404);
  });

  it('serves the cookie bridge, whose cookie opens a socket', async () => {
    await using app = await startServer();
    const { status, headers } = await ask(`${app.origin}/bridge`, {
      method: 'POST',
      headers: { origin: page, 'content-type': 'text/plain' },
      body: tokenOf('alice'),
    });
    assert.equal(status, 204);
    const [cookie] = headers['set-cookie']!;
    assert.match(cookie!, /^token=.+; HttpOnly/);
    const sent = { origin: page, headers: { cookie: cookie!.split(';', 1)[0]! } };
    const client = await app.connect('/cookies', sent).opened();
    assert.equal(await client.ask('whoami'), 'alice');
  });

  it('sets no cookie for a page that is not allowed to', async () => {
    await using app = await startServer();
    const { status, headers } = await ask(`${app.origin}/bridge`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'content-type': 'text/plain' },
      body: tokenOf('mallory'),
    });
    assert.deepEqual([status, headers['set-cookie']], [403, undefined]);
  });

  it('accepts every client of a public gateway, without a session', async () => {
    await using app = await startServer();
    const client = await app.connect('/news').opened();
    assert.equal(await client.ask('news'), 'undefined');
  });
});

describe('a gateway with a port of its own', () => {
  it('is protected, and answers plain HTTP with 426', async () => {
    const port = await freePort();
    @WebSocketGateway(port, { host: '127.0.0.1' })
    class OwnPortGateway extends ChatGateway {}
    await using app = await start({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [OwnPortGateway],
    });
    const client = await login(app.connect('/', {}, port));
    assert.equal(await client.ask('whoami'), 'alice');
    const headers = { authorization: 'Bearer bad' };
    assert.equal((await app.connect('/', { headers }, port).refusal()).status, 401);
    assert.equal((await ask(`http://127.0.0.1:${port}/`)).status, 426);
  });
});

describe('app.close()', () => {
  it('closes sockets with 1001, whether they have a session or not', async () => {
    await using app = await startServer();
    const member = await app.connect('/chat', bearer()).opened();
    await member.ask('whoami');
    const pending = await app.connect('/chat').opened();
    await app.nest.close();
    assert.deepEqual(await member.closed(), { code: 1001, reason: 'server shutting down' });
    assert.deepEqual(await pending.closed(), { code: 1001, reason: 'server shutting down' });
  });
});
