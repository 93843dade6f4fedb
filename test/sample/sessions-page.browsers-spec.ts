import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, type LaunchedBrowser } from '../support/browser/launch.js';
import { RedisServer } from '../support/redis.js';
import { RunningSample } from './running-sample.js';
import { SessionsPage } from './sessions-page.js';
import { UserSocket } from './user-socket.js';
import { patient } from '../support/patience.js';

/** Where to write the screenshot, if the environment asks for one. */
const screenshot = process.env['SESSIONS_SCREENSHOT'];

const revoked = { state: 'ended', words: 'revoked, closed with 3000', buttons: [] };

/** A user whose sessions no other test sees. */
const someUser = () => `user-${randomUUID()}`;

describe('the Sessions page in Chromium', { timeout: patient(120_000) }, () => {
  let running: RunningSample;
  let launched: LaunchedBrowser;
  const sample = () => running;
  beforeAll(async () => {
    // The warning comes 30 seconds before the end: with these tokens, within two seconds.
    running = await RunningSample.start({ SAMPLE_TOKEN_TTL_MS: '32000' });
    launched = await launchBrowser('blocked');
  }, 300_000);
  afterAll(async () => {
    await launched?.[Symbol.asyncDispose]();
    await running?.[Symbol.asyncDispose]();
  });

  const open = async (user: string, on = sample()) => {
    const query = new URLSearchParams({ user });
    return SessionsPage.open(launched.browser, on.http(`/sessions?${query.toString()}`));
  };

  it('opens three sockets and counts down to their expiry', async () => {
    await using page = await open(someUser());
    const [first, ...others] = await page.sessions();
    expect([first, ...others].map((shown) => shown?.words)).toEqual(
      Array.from({ length: 3 }, () => 'Opened by this page, fromFirstMessage'),
    );
    const before = await page.secondsLeft(first!.id);
    expect(Math.abs(before - (first!.expiresAt - Date.now()) / 1000)).toBeLessThan(2);
    const left = `Number(document.querySelector('.session-left strong').textContent)`;
    await page.until(`${left} < ${before}`);
    expect(await page.text('.tally-count')).toBe('3');
    expect(page.opened.problems).toEqual([]);
  });

  it('shows that sockets are expiring, and renews one where it stands', async () => {
    await using page = await open(someUser());
    await page.untilCards('expiring', 3);
    expect(await page.text('.session .badge')).toBe('expiring');
    const [first, second] = await page.sessions();
    await page.press(first!.id, 'renew');
    await page.untilEvent('reauthenticated', first!.id);
    await page.until(
      `document.querySelector('.session').dataset.expiresAt > ${first!.expiresAt.toString()}`,
    );
    const [renewed, untouched] = await page.sessions();
    expect(renewed!.id).toBe(first!.id);
    expect(untouched!.expiresAt).toBe(second!.expiresAt);
    const names = (await page.events()).map(({ name }) => name);
    expect(names.filter((name) => name === 'authenticated')).toHaveLength(3);
    expect(names).not.toContain('disconnected');
  });

  it('ends one socket and leaves the others', async () => {
    await using page = await open(someUser());
    const [first, second, third] = await page.sessions();
    await page.press(second!.id, 'end');
    await page.untilEvent('disconnected', second!.id);
    await page.until(`document.querySelectorAll('.session')[1].textContent.includes('3000')`);
    const shown = await page.sessions();
    expect(shown.map(({ id }) => id)).toEqual([first!.id, second!.id, third!.id]);
    expect(shown[1]).toMatchObject(revoked);
    expect(shown.filter(({ state }) => state === 'ended')).toHaveLength(1);
    expect(await page.text('.tally-count')).toBe('2');
    expect(page.opened.problems).toEqual([]);
  });

  it('keeps the focus where a button was pressed by keyboard', async () => {
    await using page = await open(someUser());
    const [first] = await page.sessions();
    const button = await page.opened.page.waitForSelector(`aria/End ${first!.id.slice(0, 8)}`);
    await button!.press('Enter');
    await page.untilCards('ended', 1);
    expect(await page.opened.page.evaluate('document.activeElement.dataset.sessionId')).toBe(
      first!.id,
    );
  });

  it('logs out everywhere: this page, another one and a program', async () => {
    const user = someUser();
    const program = await UserSocket.open(sample(), await sample().token(user));
    await using page = await open(user);
    await using other = await SessionsPage.open(
      launched.browser,
      sample().http(`/sessions?user=${user}`),
    );
    await Promise.all([page.until(cardsAre(7)), other.until(cardsAre(7))]);
    const ofProgram = (await page.sessions()).find(({ id }) => id === program.session.sessionId);
    expect(ofProgram).toMatchObject({
      words: 'Opened elsewhere, fromFirstMessage',
      buttons: ['End'],
    });
    await page.click('#end-all');
    expect(await program.closed).toEqual({ code: 3000, reason: 'revoked' });
    await Promise.all([page.until(allEnded), other.until(allEnded)]);
    for (const shown of await other.sessions()) expect(shown).toMatchObject(revoked);
    expect(await page.text('.tally-count')).toBe('0');
    await page.click('#open');
    await page.untilCards('open', 1);
    expect(page.opened.problems).toEqual([]);
  });

  it('logs out everywhere, also from another sample that shares its Redis', async () => {
    await using redis = await RedisServer.start();
    await using here = await RunningSample.start({ REDIS_URL: redis.url });
    await using there = await RunningSample.start({ REDIS_URL: redis.url });
    const user = someUser();
    await using page = await open(user, here);
    await using other = await open(user, there);
    await using bystander = await open(someUser(), there);
    await page.click('#end-all');
    await Promise.all([page.until(allEnded), other.until(allEnded)]);
    for (const shown of [...(await page.sessions()), ...(await other.sessions())]) {
      expect(shown).toMatchObject(revoked);
    }
    expect(await other.text('.tally-count')).toBe('0');
    expect(await bystander.text('.tally-count')).toBe('3');
    expect([...page.opened.problems, ...other.opened.problems]).toEqual([]);
  });

  it('shows when sockets expire, and misses nothing while its own token is changed', async () => {
    const lifetime = String(patient(6_000));
    await using brief = await RunningSample.start({ SAMPLE_TOKEN_TTL_MS: lifetime });
    await using page = await open('alice', brief);
    await page.until(allEnded);
    const ended = await page.sessions();
    expect(ended.map(({ words }) => words)).toEqual(
      ended.map(() => 'token expired, closed with 3000'),
    );
    for (const { id } of ended) await page.untilEvent('disconnected', id);
    const names = (await page.events()).map(({ name }) => name);
    for (const name of ['authenticated', 'expired', 'disconnected']) {
      expect(names.filter((other) => other === name)).toHaveLength(3);
    }
    expect(page.opened.problems).toEqual([]);
  });

  // The lifetime of a token, a build of the sample and its waits make half a minute on an idle machine.
  it(
    'stays connected, if asked to: through an expiry, a restart and a refused token',
    async () => {
      // On a busy machine a client must still come in time to renew.
      const environment = { SAMPLE_TOKEN_TTL_MS: String(patient(6_000)) };
      const first = await RunningSample.start(environment);
      await using page = await open('alice', first);
      await page.click('#stay');
      const before = await page.sessions();
      const ends = before.map(({ expiresAt }) => expiresAt);
      await page.until(`Date.now() > ${Math.max(...ends) + 500}`);
      expect((await page.sessions()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
      const events = await page.events();
      // A long token is renewed more than once: the server asks half a minute before each end.
      const renewed = events.filter(({ name }) => name === 'reauthenticated');
      expect(new Set(renewed.map(({ sessionId }) => sessionId))).toEqual(
        new Set(before.map(({ id }) => id)),
      );
      expect(events.map(({ name }) => name)).not.toContain('disconnected');

      expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      await page.until(`document.querySelectorAll('.session[data-state="open"]').length === 0`);
      const port = String(first.port);
      await using _second = await RunningSample.start({ ...environment, SAMPLE_PORT: port });
      await page.untilCards('open', 3);

      await page.opened.page.evaluate(spoilNextToken);
      const ended = (await page.sessions()).find(({ state }) => state === 'open')!.id;
      await page.press(ended, 'end');
      await page.untilEvent('revoked', ended);
      // Events are not counted: the feed of the page may come back later than its sockets.
      await page.until(`window.spoilt &&
      document.querySelectorAll('.session[data-state="open"]').length === 3 &&
      !document.querySelector('.session[data-state="open"][data-session-id="${ended}"]')`);
      // The feed may report a session before the socket of the page knows that it is its own.
      await page.until(`[...document.querySelectorAll('.session[data-state="open"] .session-words')]
      .every(({ textContent }) => textContent === 'Opened by this page, fromFirstMessage')`);
      // While the server was away, the browser could not fetch tokens, and logs it.
      const others = page.opened.problems.filter((each) => !each.includes('ERR_'));
      expect(others).toEqual([]);
    },
    patient(180_000),
  );

  it('reports a renewal for which it could obtain no token, and keeps the socket open', async () => {
    await using page = await open(someUser());
    const [first] = await page.sessions();
    await page.opened.page.evaluate(failNextToken);
    await page.press(first!.id, 'renew');
    await page.until(`!document.querySelector('.problem').hidden`);
    expect(await page.text('.problem')).toBe('That did not work: no token today.');
    await page.press(first!.id, 'renew');
    await page.untilEvent('reauthenticated', first!.id);
    expect(await page.shows('.problem')).toBe(false);
    expect((await page.events()).map(({ name }) => name)).not.toContain('disconnected');
    expect(page.opened.problems).toEqual([]);
  });

  it('reports a socket whose first token is refused, and opens no other in its place', async () => {
    await using page = await open(someUser());
    await page.opened.page.evaluate(spoilNextToken);
    await page.click('#open');
    await page.until(`!document.querySelector('.problem').hidden`);
    expect(await page.text('.problem')).toBe('That did not work: credential rejected.');
    await page.click('#open');
    await page.until(`document.querySelectorAll('.renew:not([hidden])').length === 4`);
    expect(await page.shows('.problem')).toBe(false);
    expect(await page.text('.tally-count')).toBe('4');
    expect(page.opened.problems).toEqual([]);
  });

  it('reports that the server is unreachable, and connects when it is back', async () => {
    const brief = await RunningSample.start();
    await using page = await open('alice', brief);
    expect(await brief.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    await page.until(`document.querySelector('main').dataset.feed === 'lost'`);
    await page.until(allEnded);
    expect((await page.sessions())[0]?.words).toBe('server shutting down, closed with 1001');
    expect(await page.shows('.problem')).toBe(false);
    await page.click('#open');
    await page.until(`!document.querySelector('.problem').hidden`);
    expect(await page.text('.problem')).toBe('That did not work: the server is unreachable.');
    await using _second = await RunningSample.start({ SAMPLE_PORT: String(brief.port) });
    await page.until(`document.querySelector('main').dataset.feed === 'live'`);
    await page.untilCards('open', 1);
    expect(await page.shows('.problem')).toBe(false);
    // Those that were lost may have no other token, so they do not connect either.
    expect(await page.text('.tally-count')).toBe('1');
  });

  it('is linked from the experiment, and knows every name', async () => {
    const user = '<svg/onload=alert(1)>';
    await using page = await open(user);
    await page.click('.masthead-nav a:first-child');
    await page.until(`location.pathname === '/' && document.title.includes('experiment')`);
    await page.click('.masthead-nav a:last-child');
    await page.until(`document.querySelector('.toolbar-user strong') !== null`);
    expect(await page.text('.toolbar-user strong')).toBe(user);
    expect(page.opened.problems).toEqual([]);
  });

  it.each([320, 700, 1240])('fits a window that is %i pixels wide', async (width) => {
    await using page = await open(someUser());
    await page.opened.page.setViewport({ width, height: 800 });
    const wide = 'document.documentElement.scrollWidth';
    expect(await page.opened.page.evaluate(wide)).toBeLessThanOrEqual(width);
  });

  if (screenshot) {
    it('takes the screenshot of the sessions', async () => takeScreenshot(screenshot), 300_000);
  }

  async function takeScreenshot(path: string): Promise<void> {
    await using longer = await RunningSample.start({ SAMPLE_TOKEN_TTL_MS: '38000' });
    await using page = await open('alice', longer);
    await page.opened.page.setViewport({ width: 1240, height: 900 });
    await page.untilCards('expiring', 3);
    const [first, , third] = await page.sessions();
    await page.press(first!.id, 'renew');
    await page.untilEvent('reauthenticated', first!.id);
    await page.press(third!.id, 'end');
    await page.untilEvent('disconnected', third!.id);
    await page.until(
      `document.querySelector('.log').getAnimations({ subtree: true }).length === 0`,
    );
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await page.opened.page.screenshot({ fullPage: true }));
  }
});

/** Lets a socket of the page obtain a token that the server refuses, once. */
const spoilNextToken = `{
  const { fetch } = window;
  window.fetch = async (path, options) => {
    const isForSocket = new Error().stack.includes('user-socket.js');
    if (window.spoilt || !isForSocket) return fetch(path, options);
    window.spoilt = true;
    return new Response('{"token":"spoilt"}');
  };
}`;

/** Lets a socket of the page obtain no token, once. */
const failNextToken = `{
  const { fetch } = window;
  window.fetch = async () => {
    window.fetch = fetch;
    throw new Error('no token today');
  };
}`;

const allEnded = `[...document.querySelectorAll('.session-words')]
  .every(({ textContent }) => textContent.includes('closed with'))`;

function cardsAre(count: number): string {
  return `document.querySelectorAll('.session').length === ${count}`;
}
