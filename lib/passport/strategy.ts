/** The five actions that Passport installs on a strategy for one run. */
export interface StrategyActions {
  success(user?: unknown, info?: unknown): void;
  fail(challenge?: unknown, status?: unknown): void;
  redirect(url?: string, status?: number): void;
  pass(): void;
  error(error?: unknown): void;
}

/** A Passport strategy, as far as it is driven here. */
export interface Strategy {
  readonly name?: string;
  authenticate(request: unknown, options?: object): unknown;
}

/** The registry of strategies that `passport.use()` fills. Passport has no public way to look a strategy up. */
export interface StrategyRegistry {
  _strategy(name: string): Strategy | undefined;
  use?: (this: StrategyRegistry, name: string | Strategy, strategy?: Strategy) => unknown;
  unuse?: (this: StrategyRegistry, name: string) => unknown;
}
