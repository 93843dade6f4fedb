import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { startProtected } from '../../support/app.js';
import { launchBrowser } from '../../support/browser/launch.js';
import { EchoGateway } from '../../support/gateways.js';
import { tokenOf } from '../../support/tokens.js';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page, with the development build of React: only that one runs effects twice. */
async function bundled(): Promise<string> {
  const bundle = await rolldown({
    input: fileOf('react-page.ts'),
    platform: 'browser',
    resolve: {
      alias: { 'nestjs-ws-auth/client': fileOf('../../../dist/lib/client.js') },
      extensionAlias: { '.js': ['.ts', '.js'] },
    },
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
  });
  const { output } = await bundle.generate({ format: 'iife' });
  return output[0].code;
}

describe('useSocket() of lib/guides/client.md', { timeout: 120_000 }, () => {
  it('makes one connection in StrictMode, talks, and closes it with its component', async () => {
    await using app = await startProtected();
    await using launched = await launchBrowser('blocked');
    const page = await launched.browser.newPage();
    const options = { url: app.url(), token: tokenOf('alice') };
    await page.evaluate(`globalThis.options = ${JSON.stringify(options)}`);
    await page.evaluate(await bundled());
    await page.waitForSelector('button');
    await page.evaluate(`document.querySelector('button').click()`);
    await page.waitForFunction('received.length === 1');
    const { connected, server } = app.nest.get(EchoGateway);
    expect(connected).toHaveLength(1);
    expect(server.clients.size).toBe(1);
    const closed = once(connected[0]!.client, 'close');
    await page.evaluate('show(false)');
    expect((await closed)[0]).toBe(1000);
    expect(connected).toHaveLength(1);
  });
});
