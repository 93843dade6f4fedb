import type { Browser, BrowserContext, CDPSession, Page } from 'puppeteer-core';
import { patient } from '../support/patience.js';

/** What a tile of the test page shows. */
export interface ShownTile {
  readonly id: string;
  readonly state: 'waiting' | 'ok' | 'ko';
  readonly badge: string;
  /** `closed` after it was open, `refused` before. */
  readonly outcome: string;
  readonly code: string;
  readonly words: string;
}

const finished = 'main[data-state="ok"], main[data-state="ko"]';

const tilesScript = `[...document.querySelectorAll('.tile')].map((tile) => ({
  id: tile.id,
  state: tile.dataset.state,
  badge: tile.querySelector('.badge').textContent,
  outcome: tile.dataset.outcome,
  code: tile.dataset.code,
  words: tile.querySelector('.verdict-words').textContent,
}))`;

/** The test page in a browser context of its own: no cookie of another test reaches it. */
export class TestPage implements AsyncDisposable {
  /** What Chromium itself reports about each WebSocket that failed, by address; a page cannot see it. */
  readonly failures = new Map<string, string>();
  /** Script errors, files that are missing, violations of the content security policy. */
  readonly problems: string[] = [];

  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async open(browser: Browser): Promise<TestPage> {
    const context = await browser.createBrowserContext();
    const opened = new TestPage(context, await context.newPage());
    opened.#watchScripts();
    opened.#watchWebSockets(await opened.page.createCDPSession());
    return opened;
  }

  /** Loads the page and waits until every tile has turned. */
  async run(address: string): Promise<readonly ShownTile[]> {
    await this.page.goto(address);
    await this.page
      .waitForSelector(finished, { timeout: patient(45_000) })
      .catch((cause: unknown) => {
        throw new Error(`the tiles do not turn: ${this.problems.join('; ')}`, { cause });
      });
    return (await this.page.evaluate(tilesScript)) as readonly ShownTile[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }

  #watchScripts(): void {
    this.page.on('pageerror', (error) => this.problems.push(String(error)));
    this.page.on('dialog', (dialog) => {
      this.problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    this.page.on('console', (message) => {
      const refused = message.text().startsWith('WebSocket connection');
      if (message.type() === 'error' && !refused) this.problems.push(message.text());
    });
  }

  #watchWebSockets(devtools: CDPSession): void {
    const addresses = new Map<string, string>();
    devtools.on('Network.webSocketCreated', ({ requestId, url }) => addresses.set(requestId, url));
    devtools.on('Network.webSocketFrameError', ({ requestId, errorMessage }) => {
      this.failures.set(addresses.get(requestId) ?? '', errorMessage);
    });
    void devtools.send('Network.enable');
  }
}
