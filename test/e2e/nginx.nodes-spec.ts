import { once } from 'node:events';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  WsAuthEvents,
  WsAuthModule,
  type WsAuthEventMap,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { rootFile } from '../readme/readme.js';
import { startApp, type TestApp } from '../support/app.js';
import type { ConnectOptions, TestClient } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { NginxServer, type Replacements } from '../support/nginx.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

/** The file that the guide shows. */
const configuration = rootFile('lib/policy/nginx.conf');

/** An address of this machine that is not the one nginx connects from. */
const clientAddress = '127.0.0.7';

@WebSocketGateway({ path: '/ws' })
class SiteGateway extends EchoGateway {}

/** An application, nginx in front of it, and what the application knows of its clients. */
class Site implements AsyncDisposable {
  readonly authenticated: WsAuthEventMap['authenticated'][] = [];
  readonly refused: WsAuthEventMap['refused'][] = [];

  private constructor(
    readonly app: TestApp,
    readonly nginx: NginxServer,
  ) {
    const events = app.nest.get(WsAuthEvents);
    events.on('authenticated', (event) => this.authenticated.push(event));
    events.on('refused', (event) => this.refused.push(event));
  }

  static async start(
    options: WsAuthModuleOptions = {},
    replacements: Replacements = {},
  ): Promise<Site> {
    const protection = WsAuthModule.forRoot({
      strategy: 'jwt',
      trustProxy: 'loopback',
      credentials: [
        fromAuthorizationHeader(),
        fromQueryParam('token'),
        fromSubprotocol(),
        fromCookie('token'),
        fromFirstMessage(),
      ],
      ...options,
    });
    const app = await startApp({
      imports: [protection],
      providers: [JwtStrategy, SiteGateway],
    });
    return new Site(app, await NginxServer.start(configuration, app.port, replacements));
  }

  get origin(): string {
    return `https://127.0.0.1:${this.nginx.port}`;
  }

  connect(query = '', options: ConnectOptions = {}): TestClient {
    const url = `wss://127.0.0.1:${this.nginx.port}/ws${query}`;
    const { certificate: ca } = this.nginx;
    return this.app.connectTo(url, { ca, localAddress: clientAddress, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await this.nginx[Symbol.asyncDispose]();
  }
}

/** Each way to send a token, and the extractor that finds it. */
const ways: readonly [string, (site: Site, token: string) => TestClient][] = [
  ['fromQueryParam', (site, token) => site.connect(`?token=${token}`)],
  [
    'fromAuthorizationHeader',
    (site, token) => site.connect('', { headers: { authorization: `Bearer ${token}` } }),
  ],
  [
    'fromSubprotocol',
    (site, token) => site.connect('', { protocols: ['chat', `bearer.${token}`] }),
  ],
  [
    'fromCookie',
    (site, token) =>
      site.connect('', { origin: site.origin, headers: { cookie: `token=${token}` } }),
  ],
];

describe('behind nginx, with lib/policy/nginx.conf', () => {
  it.each(ways)('%s authenticates, and its token is in no log', async (extractor, connect) => {
    await using site = await Site.start();
    const token = tokenOf('alice');
    const client = await connect(site, token).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: extractor });
    await client[Symbol.asyncDispose]();
    const [line] = await site.nginx.lines('ws.log', 1);
    expect(line).toMatch(/^127\.0\.0\.7 \[\S+\] "GET \/ws" 101 upstream=101 /);
    expect(await site.nginx.everyLog()).not.toContain(token);
  });

  it('takes a first message, after which messages go both ways', async () => {
    await using site = await Site.start();
    const client = await site.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') }).emit('echo', 'early');
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.nextEvent()).toEqual({ event: 'echo', data: 'early' });
    expect(await client.ask('echo', 'x'.repeat(100_000))).toBe('x'.repeat(100_000));
  });

  it('passes refusals on as they are: status, challenges, close code', async () => {
    await using site = await Site.start();
    const refusal = await site.connect('?token=forged').refusal();
    expect(refusal).toMatchObject({ status: 401, body: 'credential rejected\n' });
    expect(refusal.challenges).toContain('Bearer realm="Users", error="invalid_token"');
    const client = await site.connect().opened();
    client.emit('authenticate', { token: 'forged' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
    expect(await site.nginx.everyLog()).not.toContain('forged');
  });

  it('keeps a token out of the logs while the application is down', async () => {
    await using site = await Site.start();
    await site.app.nest.close();
    const token = tokenOf('alice');
    expect((await site.connect(`?token=${token}`).refusal()).status).toBe(502);
    const [line] = await site.nginx.lines('ws.log', 1);
    expect(line).toContain('"GET /ws" 502 upstream=502');
    expect(await site.nginx.everyLog()).not.toContain(token);
  });

  it('passes on the address of the client, whatever the client claims', async () => {
    await using site = await Site.start();
    const headers = {
      authorization: `Bearer ${tokenOf('alice')}`,
      'x-forwarded-for': '203.0.113.9',
    };
    await site.connect('', { headers }).opened();
    expect(site.authenticated[0]).toMatchObject({ address: clientAddress, path: '/ws' });
  });

  it('is one address to an application that does not trust it', async () => {
    await using site = await Site.start({ trustProxy: false });
    await site.connect('', { headers: { authorization: `Bearer ${tokenOf('alice')}` } }).opened();
    expect(site.authenticated[0]).toMatchObject({ address: '127.0.0.1' });
  });

  it.each([
    ['the page over cleartext', ({ origin }: Site) => origin.replace('https', 'http')],
    ['another port', () => 'https://127.0.0.1'],
    ['the application itself', ({ app }: Site) => app.origin],
    ['another site', () => 'https://evil.example'],
  ])('refuses a cookie from %s, for it is another origin', async (_what, originOf) => {
    await using site = await Site.start();
    const headers = { cookie: `token=${tokenOf('alice')}` };
    const refusal = await site.connect('', { origin: originOf(site), headers }).refusal();
    expect(refusal).toMatchObject({ status: 403, body: 'origin refused\n' });
  });

  it('does not let a client choose the own origin', async () => {
    await using site = await Site.start();
    const headers = {
      cookie: `token=${tokenOf('alice')}`,
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    };
    const refusal = await site.connect('', { origin: 'https://evil.example', headers }).refusal();
    expect(refusal.status).toBe(403);
  });

  it('refuses an own page, too, to an application that does not trust it', async () => {
    await using site = await Site.start({ trustProxy: false });
    const headers = { cookie: `token=${tokenOf('alice')}` };
    const refusal = await site.connect('', { origin: site.origin, headers }).refusal();
    expect(refusal.status).toBe(403);
  });

  it('takes a token of the full size in a header', async () => {
    await using site = await Site.start();
    const room = 8_184 - tokenOf('alice', { padding: '' }).length;
    const token = tokenOf('alice', { padding: 'x'.repeat((room * 3) / 4) });
    expect(token.length).toBeGreaterThan(8_179);
    const headers = { authorization: `Bearer ${token}` };
    const client = await site.connect('', { headers }).opened();
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('answers 429 to an address with too many sockets, and logs it without the query', async () => {
    await using site = await Site.start({}, { 'sockets 1000': 'sockets 2' });
    const token = tokenOf('alice');
    await site.connect(`?token=${token}`).opened();
    await site.connect(`?token=${token}`).opened();
    expect((await site.connect(`?token=${token}`).refusal()).status).toBe(429);
    expect((await site.nginx.lines('ws.log', 1))[0]).toContain('"GET /ws" 429 upstream=-');
    expect(await site.nginx.everyLog()).not.toContain(token);
    const elsewhere = site.connect(`?token=${token}`, { localAddress: '127.0.0.8' });
    await elsewhere.opened();
  });
});

const bearer = () => ({ authorization: `Bearer ${tokenOf('alice')}` });

describe('a silent socket behind nginx', () => {
  const impatient = { 'proxy_read_timeout 75s': 'proxy_read_timeout 1s' };

  it('stays open while pings come more often than proxy_read_timeout', async () => {
    await using site = await Site.start({ heartbeatIntervalMs: 250 }, impatient);
    const client = await site.connect('', { headers: bearer() }).opened();
    for (let ping = 0; ping < 6; ping += 1) {
      await once(client.socket, 'ping');
    }
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('is closed by nginx without them', async () => {
    await using site = await Site.start({ heartbeatIntervalMs: 0 }, impatient);
    const client = await site.connect('', { headers: bearer() }).opened();
    expect(await client.closed()).toMatchObject({ code: 1006 });
  });
});
