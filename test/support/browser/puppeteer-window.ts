import { launch, type Browser } from 'puppeteer-core';
import type { BrowserWindow } from './browser-window.js';
import { launchBrowser, type ThirdPartyCookies } from './launch.js';

/** Opens a headless Chromium. */
export async function openChromium(cookies: ThirdPartyCookies): Promise<BrowserWindow> {
  const launched = await launchBrowser(cookies);
  return windowOf(launched.browser, () => launched[Symbol.asyncDispose]());
}

/** Opens a headless Firefox, and speaks WebDriver BiDi with it. */
export async function openFirefox(executablePath: string): Promise<BrowserWindow> {
  const browser = await launch({ browser: 'firefox', executablePath });
  return windowOf(browser, () => browser.close());
}

async function windowOf(browser: Browser, close: () => PromiseLike<void>): Promise<BrowserWindow> {
  const page = await browser.newPage();
  const version = await browser.version();
  return {
    version: version.replace(/^\D*/, ''),
    async go(address) {
      await page.goto(address);
    },
    evaluate: async <Value>(expression: string) => (await page.evaluate(expression)) as Value,
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}
