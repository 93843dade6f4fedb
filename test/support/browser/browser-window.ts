/** The one window of a browser with a profile of its own; both go when the test ends. */
export interface BrowserWindow extends AsyncDisposable {
  /** The version of the engine, as it states it. */
  readonly version: string;
  /** Loads a page. */
  go(address: string): Promise<void>;
  /** Evaluates an expression in the page, and waits for it if it is a promise. */
  evaluate<Value>(expression: string): Promise<Value>;
}
