import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PageServer } from '../e2e/client/page-server.js';
import type { TestApp } from '../support/app.js';
import type { BrowserWindow } from '../support/browser/browser-window.js';
import { engines } from '../support/browser/engines.js';
import { tokenOf } from '../support/tokens.js';
import { ClientPage, startGateways, ways, type Way } from './client-page.js';
import { patient } from '../support/patience.js';

const installed = engines.filter((engine) => engine.installed());
const names = Object.keys(ways) as Way[];

/** A token of alice that ends so many seconds from now. */
const tokenFor = (seconds: number) =>
  tokenOf('alice', { exp: Math.floor(Date.now() / 1_000) + seconds });
const lasting = () => tokenFor(3_600);

describe.each(installed)('the client in $name', { timeout: patient(60_000) }, ({ open }) => {
  let pages: PageServer;
  let app: TestApp;
  let window: BrowserWindow;
  let page: ClientPage;
  beforeAll(async () => {
    pages = await PageServer.start();
    app = await startGateways(pages);
    window = await open();
    page = new ClientPage(window, app);
    await window.go(pages.origin);
  }, 300_000);
  afterEach(() => page.closeAll());
  afterAll(async () => {
    await window?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
    await pages?.[Symbol.asyncDispose]();
  });

  it.each(names)('authenticates for %s()', async (way) => {
    await page.connect(way, [lasting()]);
    expect(await page.whoami(way)).toEqual({ user: 'alice', via: way });
  });

  it('renews its session on the open connection, in each way', async () => {
    // The server warns half a minute before the end.
    for (const way of names) await page.connect(way, [tokenFor(32), lasting()]);
    for (const way of names) {
      expect(await page.told(way, 'session', 2)).toEqual(['open', 'session', 'session']);
      // The new token has come by a message, whichever way the first one took.
      expect(await page.whoami(way)).toEqual({ user: 'alice', via: 'fromFirstMessage' });
    }
  });

  it('comes back with a new token when its session has ended, in each way', async () => {
    for (const way of names) await page.connect(way, [tokenFor(3), undefined, lasting()]);
    for (const way of names) {
      expect(await page.told(way, 'waiting')).toContain('waiting 3000 token expired');
      expect(await page.whoami(way)).toEqual({ user: 'alice', via: way });
    }
  });

  it('comes back when the server restarts, in each way', async () => {
    for (const way of names) await page.connect(way, [lasting()]);
    for (const way of names) await page.told(way, 'open');
    await app[Symbol.asyncDispose]();
    for (const way of names) {
      expect(await page.told(way, 'waiting')).toContain('waiting 1001 server shutting down');
    }
    app = await startGateways(pages, app.port);
    for (const way of names) {
      expect(await page.whoami(way)).toEqual({ user: 'alice', via: way });
    }
  });

  it('gives up when a new token is refused as well', async () => {
    await page.connect('fromFirstMessage', ['nobody']);
    const told = await page.told('fromFirstMessage', 'close');
    expect(told).toEqual([
      'waiting 3000 credential rejected',
      'close 3000 credential rejected',
      'unauthenticated',
    ]);
  });
});
