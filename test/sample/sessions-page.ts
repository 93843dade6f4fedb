import type { Browser } from 'puppeteer-core';
import { TestPage } from './test-page.js';
import { patient } from '../support/patience.js';

/** What a card of the Sessions page shows. */
export interface ShownSession {
  readonly id: string;
  readonly state: 'open' | 'expiring' | 'ended';
  readonly words: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly buttons: readonly string[];
}

/** What a line of the log shows. */
export interface ShownEvent {
  readonly name: string;
  readonly sessionId: string;
}

const cardsScript = `[...document.querySelectorAll('.session')].map((card) => ({
  id: card.dataset.sessionId,
  state: card.dataset.state,
  words: card.querySelector('.session-words').textContent,
  expiresAt: Number(card.dataset.expiresAt),
  buttons: [...card.querySelectorAll('button')]
    .filter((button) => button.checkVisibility())
    .map((button) => button.textContent),
}))`;

const eventsScript = `[...document.querySelectorAll('.event')].map(({ dataset }) => ({ ...dataset }))`;

function card(id: string): string {
  return `.session[data-session-id="${id}"]`;
}

/** The Sessions page in a browser context of its own. */
export class SessionsPage implements AsyncDisposable {
  private constructor(readonly opened: TestPage) {}

  /** Loads the page and waits until its three sockets are open, and held by it. */
  static async open(browser: Browser, address: string): Promise<SessionsPage> {
    const opened = await TestPage.open(browser);
    await opened.page.goto(address);
    const page = new SessionsPage(opened);
    await page.until(
      `document.querySelectorAll('.event[data-name="authenticated"]').length === 3 &&
      document.querySelectorAll('.renew:not([hidden])').length === 3 &&
      document.querySelector('main').dataset.feed === 'live'`,
    );
    return page;
  }

  async sessions(): Promise<readonly ShownSession[]> {
    return (await this.opened.page.evaluate(cardsScript)) as readonly ShownSession[];
  }

  async events(): Promise<readonly ShownEvent[]> {
    return (await this.opened.page.evaluate(eventsScript)) as readonly ShownEvent[];
  }

  /** The text of what a selector finds. */
  async text(selector: string): Promise<unknown> {
    return this.opened.page.evaluate(`document.querySelector('${selector}').textContent`);
  }

  /** Whether what a selector finds is visible. */
  async shows(selector: string): Promise<unknown> {
    return this.opened.page.evaluate(`document.querySelector('${selector}').checkVisibility()`);
  }

  /** The seconds that a card counts down. */
  async secondsLeft(id: string): Promise<number> {
    return Number(await this.text(`${card(id)} .session-left strong`));
  }

  async click(selector: string): Promise<void> {
    await this.opened.page.click(selector);
  }

  /** Presses a button on a card. */
  async press(id: string, button: 'renew' | 'end'): Promise<void> {
    await this.click(`${card(id)} .${button}`);
  }

  /** Waits until a number of cards is in a state. */
  async untilCards(state: ShownSession['state'], count: number): Promise<void> {
    await this.until(
      `document.querySelectorAll('.session[data-state="${state}"]').length === ${count}`,
    );
  }

  /** Waits until the log shows an event of a session. */
  async untilEvent(name: string, id: string): Promise<void> {
    await this.until(
      `document.querySelector('.event[data-name="${name}"][data-session-id="${id}"]') !== null`,
    );
  }

  /** Waits until an expression holds in the page. */
  async until(expression: string): Promise<void> {
    await this.opened.page
      .waitForFunction(expression, { timeout: patient(45_000) })
      .catch(async (cause: unknown) => {
        const seen = JSON.stringify([await this.sessions(), await this.events()]);
        const problems = this.opened.problems.join('; ');
        throw new Error(`not so: ${expression}\n${seen}\n${problems}`, { cause });
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opened[Symbol.asyncDispose]();
  }
}
