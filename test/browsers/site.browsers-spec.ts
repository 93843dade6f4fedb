import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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
    const file = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
    const path = join(folder, decodeURIComponent(file));
    readFile(path).then(
      (text) => response.setHeader('Content-Type', types[extname(path)] ?? 'text/plain').end(text),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A page of the site, as a browser parses it. */
interface SitePage {
  readonly address: string;
  readonly status: number;
  readonly ids: readonly string[];
  readonly links: readonly string[];
}

/** Reads every page that links lead to, from the one on that the browser shows. */
const crawling = `(async () => {
  const pages = [];
  const seen = new Set([location.href]);
  const queue = [...seen];
  const read = async (address) => {
    const answer = await fetch(address);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const links = [...page.querySelectorAll('a[href]')].map(
      (link) => new URL(link.getAttribute('href'), address).href,
    );
    const ids = [...page.querySelectorAll('[id]')].map(({ id }) => id);
    pages.push({ address, status: answer.status, ids, links });
    for (const link of links.map((each) => each.split('#', 1)[0])) {
      if (link.startsWith(location.origin) && link.endsWith('.html') && !seen.has(link)) {
        seen.add(link);
        queue.push(link);
      }
    }
  };
  while (queue.length > 0) await Promise.all(queue.splice(0, 20).map(read));
  return pages;
})()`;

describe('the documentation that `npm run docs` builds', { timeout: 300_000 }, () => {
  let folder: string;
  let server: Server;
  let launched: LaunchedBrowser;
  let origin: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-ws-auth-site-'));
    await promisify(execFile)('npm', ['run', 'docs', '--', '--out', folder], { cwd: root });
    server = await serve(folder);
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    launched = await launchBrowser('blocked');
  });
  afterAll(async () => {
    await launched?.[Symbol.asyncDispose]();
    server?.closeAllConnections();
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has no link that leads to no page, to no heading or to no file', async () => {
    const tab = await launched.browser.newPage();
    await tab.goto(`${origin}/index.html`);
    const pages = (await tab.evaluate(crawling)) as SitePage[];
    const known = new Map(pages.map(({ address, ids }) => [address, new Set(ids)]));
    const links = pages.flatMap((page) => page.links).filter((link) => link.startsWith(origin));
    const wrong = links.filter((link) => {
      const [target, anchor] = link.split('#', 2) as [string, string | undefined];
      return anchor && known.has(target) && !known.get(target)!.has(decodeURIComponent(anchor));
    });
    const files = new Set(links.filter((link) => !/\.html(#|$)/.test(link)));
    const answers = await Promise.all([...files].map((link) => fetch(link)));
    expect(pages.length).toBeGreaterThan(100);
    expect(files.size).toBeGreaterThan(20);
    expect(pages.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answers.filter(({ ok }) => !ok).map(({ url }) => url)).toEqual([]);
    expect(wrong).toEqual([]);
  });

  it('shows each guide without an error', async () => {
    const tab = await launched.browser.newPage();
    const errors: unknown[] = [];
    tab.on('pageerror', (error) => errors.push(error));
    for (const guide of readdirSync(join(folder, 'documents'))) {
      await tab.goto(`${origin}/documents/${guide}`);
      expect(await tab.evaluate('document.querySelectorAll("h1").length'), guide).toBeGreaterThan(
        0,
      );
    }
    expect(errors).toEqual([]);
  });

  it('shows diagrams as pictures, and "Socket.IO" as a name', async () => {
    const tab = await launched.browser.newPage();
    await tab.goto(`${origin}/documents/Protocol.html`);
    expect(await tab.$$eval('figure.diagram svg', (found) => found.length)).toBe(3);
    expect(
      await tab.$$eval('pre', (found) => found.map((each) => each.textContent).join()),
    ).not.toContain('sequenceDiagram');
    await tab.goto(`${origin}/documents/Socket.IO.html`);
    expect(await tab.$$eval('a[href^="http://Socket.IO" i]', (found) => found.length)).toBe(0);
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
