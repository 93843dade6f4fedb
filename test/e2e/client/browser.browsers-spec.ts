import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'puppeteer-core';
import type { GatedWebSocket } from '../../../lib/adapters/ws/gate.js';
import { fromCookie, fromFirstMessage } from '../../../lib/index.js';
import { startProtected, type TestApp } from '../../support/app.js';
import { launchBrowser, type LaunchedBrowser } from '../../support/browser/launch.js';
import { EchoGateway } from '../../support/gateways.js';
import { tokenOf } from '../../support/tokens.js';
import { PageServer } from './page-server.js';
import { patient } from '../../support/patience.js';

/** Connects in the page, as `socket`, and keeps the names of its events in `told`. */
function connecting(url: string, options: string): string {
  return `(async () => {
    const { connect, cookie } = await import('/client.js');
    const socket = connect('${url}', { backOffMs: 20, maxBackOffMs: 50, ${options} });
    const types = ['connecting', 'authenticating', 'open', 'session', 'waiting', 'close'];
    window.told = [];
    for (const type of types) {
      socket.addEventListener(type, ({ code, reason }) => told.push({ type, code, reason }));
    }
    window.socket = socket;
  })()`;
}

const token = () => `token: () => '${tokenOf('alice')}'`;

const whoami = `new Promise((resolve) => {
  socket.addEventListener('message', ({ data }) => resolve(JSON.parse(data).data), { once: true });
  socket.send('{"event":"whoami"}');
})`;

describe('the client in Chromium', { timeout: patient(60_000) }, () => {
  let launched: LaunchedBrowser;
  let pages: PageServer;
  let app: TestApp;
  beforeAll(async () => {
    launched = await launchBrowser('blocked');
    pages = await PageServer.start();
    const bridge = { path: '/bridge', parentOrigins: [pages.origin] };
    app = await startProtected({
      credentials: [fromFirstMessage(), fromCookie('token', { bridge })],
      allowedOrigins: pages.origin,
    });
  }, 300_000);
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await pages?.[Symbol.asyncDispose]();
    await launched?.[Symbol.asyncDispose]();
  });

  /** A page under a policy, with cookies of its own. */
  async function open(policy: string): Promise<Page & AsyncDisposable> {
    const context = await launched.browser.createBrowserContext();
    const page = await context.newPage();
    pages.policy = policy;
    await page.goto(pages.origin);
    return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() });
  }

  const byCookie = () => `${token()}, via: cookie({ bridge: '${app.origin}/bridge' })`;

  it('authenticates by a first message', async () => {
    await using page = await open("default-src 'self'; connect-src ws:");
    await page.evaluate(connecting(app.url(), token()));
    expect(await page.evaluate(whoami)).toEqual({ user: 'alice', via: 'fromFirstMessage' });
  });

  it('has the cookie set by a fetch', async () => {
    await using page = await open(`default-src 'self'; connect-src ws: ${app.origin}`);
    await page.evaluate(connecting(app.url(), byCookie()));
    expect(await page.evaluate(whoami)).toEqual({ user: 'alice', via: 'fromCookie' });
  });

  it('has it set by an iframe where the page may not fetch, and leaves no iframe behind', async () => {
    await using page = await open(`default-src 'self'; connect-src ws:; frame-src ${app.origin}`);
    await page.evaluate(connecting(app.url(), byCookie()));
    expect(await page.evaluate(whoami)).toEqual({ user: 'alice', via: 'fromCookie' });
    expect(await page.evaluate(`document.querySelector('iframe')`)).toBeNull();
  });

  it('does not wait for ever for a silent iframe, and leaves none behind', async () => {
    await using page = await open(`default-src 'self'; connect-src ws:; frame-src 'none'`);
    const options = `${byCookie()}, timeoutMs: 200, maxFailures: 1`;
    await page.evaluate(connecting(app.url(), options));
    await page.waitForFunction(`socket.state === 'closed'`);
    expect(await page.evaluate('told.at(-1)')).toEqual({
      type: 'close',
      code: 1006,
      reason: 'no answer',
    });
    expect(await page.evaluate(`document.querySelector('iframe')`)).toBeNull();
  });

  it('notices a connection that the page may not make: Chromium fires error, and no close', async () => {
    await using page = await open("default-src 'self'");
    await page.evaluate(connecting(app.url(), `${token()}, maxFailures: 2`));
    await page.waitForFunction(`socket.state === 'closed'`);
    const types = (await page.evaluate('told.map(({ type }) => type)')) as string[];
    expect(types).toEqual(['connecting', 'waiting', 'connecting', 'close']);
  });

  it('K7a: pings the server when the page is online again, and renews nothing', async () => {
    await using page = await open("default-src 'self'; connect-src ws:");
    await page.evaluate(connecting(app.url(), token()));
    await page.evaluate('socket.authenticated.then(() => true)');
    const { client: serverSide } = app.nest.get(EchoGateway).connected.at(-1)!;
    const gated = serverSide as GatedWebSocket;
    gated.wsAuthAlive = false;
    await page.setOfflineMode(true);
    await page.setOfflineMode(false);
    expect(await page.evaluate(whoami)).toMatchObject({ user: 'alice' });
    expect(gated.wsAuthAlive).toBe(true);
    expect(await page.evaluate('told.map(({ type }) => type)')).not.toContain('session');
  });

  it('comes back when its connection is cut, and sends what was queued meanwhile', async () => {
    await using page = await open("default-src 'self'; connect-src ws:");
    await page.evaluate(connecting(app.url(), token()));
    await page.evaluate('socket.authenticated.then(() => true)');
    app.nest.get(EchoGateway).connected.at(-1)!.client.terminate();
    await page.waitForFunction(`told.some(({ type }) => type === 'waiting')`);
    expect(await page.evaluate(whoami)).toMatchObject({ user: 'alice' });
  });
});
