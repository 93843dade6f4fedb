import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../../sample/examples/react/app.module.js';
import { launchBrowser } from '../support/browser/launch.js';
import { patient } from '../support/patience.js';
import { Example } from './example.js';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page, as the command of its README bundles it. */
async function bundle(): Promise<string> {
  const build = await rolldown({
    input: fileOf('../../sample/examples/react/page.jsx'),
    platform: 'browser',
    resolve: { alias: { 'nestjs-ws-auth/client': fileOf('../../dist/lib/client.js') } },
  });
  const { output } = await build.generate({});
  return output[0].code;
}

describe('the example of React', { timeout: patient(120_000) }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'react-example-'));
    process.env['PAGE'] = join(folder, 'page.js');
    process.env['JWT_SECRET'] = 'the secret of the examples';
    process.env['TOKEN_SECONDS'] = '6';
    await writeFile(process.env['PAGE'], await bundle());
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('talks on one socket, which outlives its first token', async () => {
    await using example = await Example.start(AppModule);
    await using launched = await launchBrowser('blocked');
    const page = await launched.browser.newPage();
    const paths: string[] = [];
    page.on('request', (request) => paths.push(new URL(request.url()).pathname));
    const devTools = await page.createCDPSession();
    let sockets = 0;
    devTools.on('Network.webSocketCreated', () => (sockets += 1));
    await devTools.send('Network.enable');
    await page.goto(example.origin);
    await page.waitForSelector('button');
    const tokens = () => paths.filter((path) => path === '/tokens').length;
    await expect.poll(tokens, { timeout: patient(30_000) }).toBeGreaterThanOrEqual(3);
    await page.evaluate(`document.querySelector('button').click()`);
    await page.waitForFunction(`document.querySelector('li')?.textContent === 'Hello alice!'`);
    expect(sockets).toBe(1);
  });
});

describe('the example of a login by form', { timeout: patient(120_000) }, () => {
  it('shows the answer of the socket after the login, and its end after the logout', async () => {
    process.env['SESSION_SECRET'] = 'of the test';
    process.env['PASSWORD'] = 'correct horse';
    const login = await import('../../sample/examples/session-login/app.module.js');
    await using example = await Example.start(login.AppModule);
    await using launched = await launchBrowser('blocked');
    const page = await launched.browser.newPage();
    await page.goto(example.origin);
    await page.type('[name=user]', 'alice');
    await page.type('[name=password]', 'correct horse');
    await page.click('button');
    const shows = (text: string) =>
      page.waitForFunction(`document.querySelector('li:last-child')?.textContent === '${text}'`);
    await shows('Hello alice!');
    await page.click('#logout');
    await shows('closed: 3000 revoked');
  });
});
