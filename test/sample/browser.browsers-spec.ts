import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, type LaunchedBrowser } from '../support/browser/launch.js';
import { RunningSample, useSample } from './running-sample.js';
import { type ShownTile, TestPage } from './test-page.js';
import { patient } from '../support/patience.js';

const ids = [
  'first-message',
  'query-param',
  'cookie',
  'basic',
  'user-info',
  'subprotocol',
  'combined',
  'socket-io',
  'graphql',
];

function expectGreen(tiles: readonly ShownTile[], user: string): void {
  expect(tiles).toEqual(
    ids.map((id) => ({
      id,
      state: 'ok',
      badge: 'accepted',
      outcome: 'closed',
      code: '1000',
      words: `Authenticated as ${user}, closed with 1000.`,
    })),
  );
}

/** Where to write the screenshot, if the environment asks for one. */
const screenshot = process.env['SCREENSHOT'];

async function takeScreenshot(path: string): Promise<void> {
  // The ports are those that a reader gets.
  await using sample = await RunningSample.start({ SAMPLE_PORT: '8000' });
  await using launched = await launchBrowser('allowed');
  await using opened = await TestPage.open(launched.browser);
  await opened.page.setViewport({ width: 1240, height: 900 });
  // The first visit warms the server up; the second shows what the times are like.
  await opened.run(sample.http('/?user=alice'));
  expectGreen(await opened.run(sample.http('/?user=alice')), 'alice');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await opened.page.screenshot({ fullPage: true }));
}

function firstEventOf(address: string): string {
  return `new Promise((resolve) => {
    const websocket = new WebSocket('${address}');
    websocket.addEventListener('open', () => resolve('open'));
    websocket.addEventListener('error', () => resolve('error'));
  })`;
}

describe('the test page in Chromium', { timeout: patient(120_000) }, () => {
  const sample = useSample();

  describe.each(['allowed', 'blocked'] as const)('with third-party cookies %s', (cookies) => {
    let launched: LaunchedBrowser;
    beforeAll(async () => {
      launched = await launchBrowser(cookies);
    }, 300_000);
    afterAll(async () => launched?.[Symbol.asyncDispose]());

    it.each(['localhost', '127.0.0.1'])('turns every tile green on %s', async (hostname) => {
      await using opened = await TestPage.open(launched.browser);
      expectGreen(await opened.run(sample().http('/?user=alice', hostname)), 'alice');
      expect(opened.problems).toEqual([]);
    });

    it('turns every tile green for one user after another', async () => {
      await using opened = await TestPage.open(launched.browser);
      for (const user of ['alice', 'bob', 'Zoë-李', '<svg/onload=alert(1)>']) {
        const query = new URLSearchParams({ user });
        expectGreen(await opened.run(sample().http(`/?${query.toString()}`)), user);
      }
      expect(opened.problems).toEqual([]);
    });

    it('turns every tile red for a wrong token, each for the right reason', async () => {
      await using opened = await TestPage.open(launched.browser);
      const tiles = await opened.run(sample().http('/?user=alice&token=a-wrong-token'));
      const [firstMessage, queryParam, ...others] = tiles;
      const [socketIo, graphql] = others.splice(-2);
      expect(await opened.page.evaluate(`document.querySelector('.tally').innerText`)).toMatch(
        /^9 of 9\s*refused, as they should be$/,
      );
      expect(tiles.map(({ id, badge }) => [id, badge])).toEqual(ids.map((id) => [id, 'refused']));
      expect(firstMessage).toMatchObject({ outcome: 'closed', code: '3000' });
      expect(firstMessage?.words).toMatch(/^Closed by the server with 3000 \(unauthorized\)/);
      expect(queryParam).toMatchObject({ outcome: 'failed', code: '' });
      expect(queryParam?.words).toContain('POST /ws-tickets was answered with 401');
      expect(socketIo).toMatchObject({ outcome: 'refused', code: '3000' });
      expect(graphql).toMatchObject({ outcome: 'closed', code: '4403' });
      for (const tile of others) expect(tile).toMatchObject({ outcome: 'refused', code: '1006' });
      // A page cannot see the status of a refused handshake. Chromium names it, in two wordings.
      const refusedWith401 = expect.stringMatching(/HTTP Authentication failed|response code: 401/);
      // Socket.IO may be on its way to a WebSocket when it is refused by polling.
      const failures = [...opened.failures].filter(([address]) => !address.includes('/socket.io/'));
      expect(failures.map(([, text]) => text)).toEqual(others.map(() => refusedWith401));
    });

    it("shows by its switch what rejection: 'auto' lets a page read", async () => {
      await using opened = await TestPage.open(launched.browser);
      const wrong = sample().http('/?user=alice&token=a-wrong-token');
      const codesAt = async (address: string) => {
        const tiles = await opened.run(address);
        return Object.fromEntries(tiles.map(({ id, code, words }) => [id, `${code} ${words}`]));
      };
      const before = await codesAt(wrong);
      const flip = `document.querySelector('[role=switch]').href`;
      const after = await codesAt((await opened.page.evaluate(flip)) as string);
      for (const id of ['cookie', 'subprotocol']) {
        expect(before[id]).toMatch(/^1006 Refused before it opened/);
        expect(after[id]).toMatch(/^3000 .*credential rejected/);
      }
      // HTTP Basic needs its 401, and the first message is judged after the 101 anyway.
      for (const id of ['basic', 'user-info', 'combined', 'first-message']) {
        expect(after[id]).toBe(before[id]);
      }
      expect(await opened.page.evaluate(flip)).toBe(wrong);
      expectGreen(await opened.run(sample().http('/?user=alice&rejection=auto')), 'alice');
      // Tickets and polls of Socket.IO are answered over HTTP: with 400 if the connection of a poll has closed meanwhile.
      const answered = expect.stringMatching(/status of 40[01]/) as string;
      expect(opened.problems).toEqual(opened.problems.map(() => answered));
    });

    it('sends the credentials of a URL to another site only if cookies go there too', async () => {
      await using opened = await TestPage.open(launched.browser);
      await opened.page.goto(sample().http('/', '127.0.0.1'));
      const userInfo = `alice:${await sample().token()}`;
      const greeted = await opened.page.evaluate(firstEventOf(sample().ws(4, { userInfo })));
      expect(greeted).toBe(cookies === 'allowed' ? 'open' : 'error');
    });

    it('recognises whose token it is, whatever the page claims', async () => {
      await using opened = await TestPage.open(launched.browser);
      const query = new URLSearchParams({ user: 'bob', token: await sample().token('alice') });
      const tiles = await opened.run(sample().http(`/?${query.toString()}`));
      expect(tiles.filter(({ state }) => state === 'ok')).toEqual([]);
      const refused = tiles.filter(({ outcome }) => outcome === 'refused');
      expect(refused.map(({ id }) => id)).toEqual(['basic']);
    });
  });

  if (screenshot) {
    it(
      'takes the screenshot that the README shows',
      async () => takeScreenshot(screenshot),
      300_000,
    );
  }
});
