import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, type LaunchedBrowser } from '../support/browser/launch.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Serves a folder. */
async function serve(folder: string): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://site');
    const path = join(folder, decodeURIComponent(pathname));
    readFile(path).then(
      (file) => response.setHeader('Content-Type', types[extname(path)] ?? 'text/plain').end(file),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A page of the site, as a browser shows it. */
interface SitePage {
  readonly status: number;
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
}

async function read(tab: Page, address: string): Promise<SitePage> {
  const answer = await tab.goto(address, { waitUntil: 'domcontentloaded' });
  const found = (await tab.evaluate(`({
    ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
    links: [...document.querySelectorAll('a[href]')].map(({ href }) => href),
  })`)) as { ids: string[]; links: string[] };
  return { status: answer!.status(), ids: new Set(found.ids), links: found.links };
}

/** Every page that links lead to, from the first one on. */
async function crawl(tabs: readonly Page[], origin: string): Promise<Map<string, SitePage>> {
  const pages = new Map<string, SitePage>();
  const seen = new Set([`${origin}/index.html`]);
  const queue = [...seen];
  while (queue.length > 0) {
    const batch = queue.splice(0, tabs.length);
    const found = await Promise.all(batch.map((address, index) => read(tabs[index]!, address)));
    for (const [index, page] of found.entries()) {
      pages.set(batch[index]!, page);
      for (const link of page.links.map(addressOf)) {
        if (link.startsWith(origin) && link.endsWith('.html') && !seen.has(link)) {
          seen.add(link);
          queue.push(link);
        }
      }
    }
  }
  return pages;
}

function addressOf(link: string): string {
  return link.split('#', 1)[0]!;
}

describe('the documentation that `npm run docs` builds', { timeout: 300_000 }, () => {
  let folder: string;
  let server: Server;
  let launched: LaunchedBrowser;
  let origin: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-ws-auth-site-'));
    await promisify(execFile)('npx', ['typedoc', '--out', folder], { cwd: root });
    server = await serve(folder);
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    launched = await launchBrowser('blocked');
  });
  afterAll(async () => {
    await launched[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has no link that leads to no page or to no heading', async () => {
    const tabs = await Promise.all([1, 2, 3].map(() => launched.browser.newPage()));
    const pages = await crawl(tabs, origin);
    const broken = [...pages].flatMap(([address, { status, links }]) => {
      const wrong = links.filter((link) => {
        const [target, anchor] = link.split('#', 2) as [string, string | undefined];
        const page = pages.get(target);
        return page && anchor && !page.ids.has(decodeURIComponent(anchor));
      });
      return [
        ...(status === 200 ? [] : [`${address} ${status}`]),
        ...wrong.map((link) => `${address} → ${link}`),
      ];
    });
    expect(pages.size).toBeGreaterThan(100);
    expect(broken).toEqual([]);
  });

  it('has files behind the links that are not pages', async () => {
    const tab = await launched.browser.newPage();
    const { links } = await read(tab, `${origin}/documents/Recipes.html`);
    const files = links.filter((link) => link.startsWith(origin) && !/\.html(#|$)/.test(link));
    const answers = await Promise.all(files.map((link) => fetch(link)));
    expect(files.length).toBeGreaterThan(20);
    expect(answers.filter(({ ok }) => !ok).map(({ url }) => url)).toEqual([]);
  });

  it('lists the guides in the sidebar, and finds a name by its search', async () => {
    const tab = await launched.browser.newPage();
    await tab.goto(`${origin}/index.html`);
    await tab.waitForSelector('#tsd-nav-container a');
    const listed = await tab.evaluate(`document.querySelector('#tsd-nav-container').textContent`);
    for (const name of [
      'Migrating',
      'Troubleshooting',
      'Socket.IO',
      'GraphQL',
      'FAQ',
      'Glossary',
    ]) {
      expect(listed).toContain(name);
    }
    await tab.click('#tsd-search-trigger');
    await tab.type('#tsd-search-input', 'fromCookie');
    await tab.waitForSelector('#tsd-search-results a[href*="fromCookie"]');
  });
});
