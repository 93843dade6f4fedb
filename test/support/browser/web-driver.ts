import { patient } from '../patience.js';
/** What a WebDriver answers to a command that it cannot obey. */
interface WebDriverError {
  readonly error: string;
  readonly message: string;
}

/** How a script ended in the page. */
type Settled<Value> = { readonly value: Value } | { readonly error: string };

/**
 * The few commands of the W3C WebDriver protocol that the tests need.
 *
 * @see {@link https://www.w3.org/TR/webdriver2/ WebDriver}
 */
export class WebDriverSession {
  private constructor(
    private readonly address: string,
    readonly browserVersion: string,
  ) {}

  /** Starts the browser that the capabilities name. */
  static async start(driver: string, capabilities: object): Promise<WebDriverSession> {
    const timeouts = { script: patient(120_000) };
    const { sessionId, capabilities: granted } = await command<{
      readonly sessionId: string;
      readonly capabilities: { readonly browserVersion: string };
    }>('POST', `${driver}/session`, {
      capabilities: { alwaysMatch: { ...capabilities, timeouts } },
    });
    return new WebDriverSession(`${driver}/session/${sessionId}`, granted.browserVersion);
  }

  async go(url: string): Promise<void> {
    await command('POST', `${this.address}/url`, { url });
  }

  /** Evaluates an expression in the page, and waits for it. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const script = `const done = arguments[arguments.length - 1];
      (async () => (${expression}))().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const settled = await command<Settled<Value>>('POST', `${this.address}/execute/async`, {
      script,
      args: [],
    });
    if ('error' in settled) {
      throw new Error(`the page says: ${settled.error}`);
    }
    return settled.value;
  }

  async end(): Promise<void> {
    await command('DELETE', this.address);
  }
}

async function command<Value>(method: string, address: string, body?: object): Promise<Value> {
  const response = await fetch(address, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { readonly value: Value | WebDriverError };
  if (!response.ok) {
    const { error, message } = value as WebDriverError;
    throw new Error(`${method} ${new URL(address).pathname}: ${error}: ${message}`);
  }
  return value as Value;
}
