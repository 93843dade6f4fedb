import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, type Browser } from 'puppeteer-core';
import { chromiumPath } from './chromium.js';

/**
 * Chromium's two ways with third-party cookies: upstream's default, and the default of Debian's
 * package, of Incognito and of people who block them. The choice also decides whether a cross-site
 * WebSocket gets the credentials of its URL.
 */
export type ThirdPartyCookies = 'allowed' | 'blocked';

const cookieControlsMode: Readonly<Record<ThirdPartyCookies, number>> = { blocked: 1, allowed: 2 };

/** Without these, Chromium calls home at every start, and disturbs the measurements when it cannot. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with a profile of its own; both go when the test ends. */
export interface LaunchedBrowser extends AsyncDisposable {
  readonly browser: Browser;
}

/** Starts a headless Chromium with a fresh profile. */
export async function launchBrowser(cookies: ThirdPartyCookies): Promise<LaunchedBrowser> {
  const executablePath = await chromiumPath();
  const userDataDir = await mkdtemp(join(tmpdir(), 'chromium-'));
  await mkdir(join(userDataDir, 'Default'));
  await writeFile(
    join(userDataDir, 'Default', 'Preferences'),
    JSON.stringify({ profile: { cookie_controls_mode: cookieControlsMode[cookies] } }),
  );
  const browser = await launch({ executablePath, userDataDir, args: flags });
  return {
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close();
      await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
