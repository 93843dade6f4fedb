import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { Strategy, StrategyRegistry } from './strategy.js';

/** The strategies one application uses, by name. */
export class Strategies {
  readonly #known = new Map<string, Strategy>();

  constructor(private readonly registry: StrategyRegistry) {}

  /**
   * The strategy of that name, or `undefined`.
   *
   * The first answer is kept: Passport's registry is shared by all applications of a process, and another application
   * may register another strategy under the same name.
   */
  find(name: string): Strategy | undefined {
    const known = this.#known.get(name);
    if (known) {
      return known;
    }
    const strategy = this.registry._strategy(name);
    // The registry is a plain object: it also answers to `constructor`.
    if (typeof strategy?.authenticate !== 'function') {
      return undefined;
    }
    this.#known.set(name, strategy);
    return strategy;
  }

  /** Adds a strategy for this application alone. */
  add(name: string, strategy: Strategy): void {
    this.#known.set(name, strategy);
  }

  /** @throws {WsAuthConfigurationError} if one of the names is registered nowhere. */
  demand(names: readonly string[]): void {
    for (const name of names) {
      if (!this.find(name)) {
        const fix =
          name === 'ws-ticket'
            ? 'pass WsAuthModule.forRoot({ tickets: {} })'
            : `list the class that extends PassportStrategy(…, '${name}') among the providers of a module`;
        throw new WsAuthConfigurationError(
          `strategy: no Passport strategy is registered as "${name}"; ${fix}`,
        );
      }
    }
  }
}
