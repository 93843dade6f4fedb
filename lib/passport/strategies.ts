import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { nearestName } from '../policy/nearest-name.js';
import { belongsToAnother, isStrategy, own, strategiesOf, type StrategyOwner } from './owners.js';
import {
  isRegistered,
  registeredNames,
  observeRegistrations,
  registersItself,
  registrationOf,
  registrationsSoFar,
  registryChanges,
} from './registrations.js';
import type { Strategy, StrategyRegistry } from './strategy.js';

/**
 * The strategies one application uses, by name: those among its own providers first, those that were registered with
 * `passport.use()` second.
 *
 * Passport's registry is shared by all applications of a process. A strategy that another application provides does not
 * count: this application must be judged, and refuse to boot, as in a process of its own.
 */
export class Strategies {
  readonly #known = new Map<string, Strategy>();
  /** Names of those that are known from the registry alone. */
  readonly #shared = new Set<string>();
  #changes = registryChanges();
  readonly #token = Symbol('application');
  readonly #bornAt = registrationsSoFar();

  constructor(
    private readonly registry: StrategyRegistry,
    private readonly owner?: StrategyOwner,
  ) {
    observeRegistrations(registry);
    this.claim();
  }

  /** Makes the strategies that the application provides by now known as its own. */
  claim(): void {
    if (this.owner) {
      own(this.#token, this.owner);
    }
  }

  /**
   * The strategy of that name, or `undefined`. The first answer is kept, unless it was registered by hand and `passport.use()` or
   * `passport.unuse()` has replaced it since: Passport asks the newest one, which may refuse what the earlier one accepts.
   */
  find(name: string): Strategy | undefined {
    if (this.#changes !== registryChanges()) {
      this.#changes = registryChanges();
      this.#forgetReplaced();
    }
    const known = this.#known.get(name);
    if (known) {
      return known;
    }
    const provided = this.#provided(name);
    const strategy = provided ?? this.#registered(name);
    if (strategy) {
      this.#known.set(name, strategy);
      if (!provided) {
        this.#shared.add(name);
      }
    }
    return strategy;
  }

  /** Adds a strategy for this application alone. */
  add(name: string, strategy: Strategy): void {
    this.#known.set(name, strategy);
  }

  /**
   * @param hint what else may be the reason, if it is known
   * @throws {WsAuthConfigurationError} if no strategy is registered under one of the names.
   */
  demand(names: readonly string[], hint: () => string | undefined = () => undefined): void {
    this.claim();
    for (const name of names) {
      if (!this.find(name)) {
        throw new WsAuthConfigurationError(
          `strategy: no Passport strategy is registered as "${name}"; ${this.#fix(name, hint)}`,
        );
      }
    }
  }

  /** A strategy that registers itself may belong to an application that has not made all of its providers yet. */
  #forgetReplaced(): void {
    for (const name of this.#shared) {
      const known = this.#known.get(name)!;
      const current = this.registry._strategy(name);
      const isByHand = !isStrategy(current) || registrationOf(current, name)?.bySelf === false;
      if (current !== known && isByHand) {
        this.#known.delete(name);
        this.#shared.delete(name);
      }
    }
  }

  /** Of several providers with that name, the one that was registered last, as in Passport. */
  #provided(name: string): Strategy | undefined {
    const provided = Array.from(this.owner ? strategiesOf(this.owner) : [], (strategy) => ({
      strategy,
      order: orderOf(strategy, name),
    }));
    const [last] = provided
      .filter(({ order }) => order >= 0)
      .toSorted((one, other) => other.order - one.order);
    return last?.strategy;
  }

  #registered(name: string): Strategy | undefined {
    const strategy = this.registry._strategy(name);
    // The registry is a plain object: it also answers to `constructor`.
    return isStrategy(strategy) && !this.#isForeign(strategy, name) ? strategy : undefined;
  }

  /** Whether the strategy came with another application, as far as can be known. */
  #isForeign(strategy: Strategy, name: string): boolean {
    const { order, bySelf } = registrationOf(strategy, name) ?? {
      order: -1,
      bySelf: registersItself(strategy),
    };
    return (bySelf && order <= this.#bornAt) || belongsToAnother(this.#token, strategy);
  }

  #fix(name: string, hint: () => string | undefined): string {
    if (name === 'ws-ticket') {
      return 'pass WsAuthModule.forRoot({ tickets: {} })';
    }
    const meant = nearestName(name, this.#names());
    if (meant !== undefined) {
      return `did you mean "${meant}"? Otherwise ${this.#fixOfMissing(name, hint)}`;
    }
    return this.#fixOfMissing(name, () => hint() ?? this.#otherNames());
  }

  /** Names of the strategies that the application provides. */
  #names(): readonly string[] {
    const provided = this.owner ? [...strategiesOf(this.owner)] : [];
    return provided.flatMap((strategy) => registeredNames(strategy));
  }

  #otherNames(): string | undefined {
    const names = [...new Set(this.#names())].map((name) => `"${name}"`);
    return names.length === 0
      ? undefined
      : `the application provides ${names.join(' and ')}: name one of them in the option strategy`;
  }

  #fixOfMissing(name: string, hint: () => string | undefined): string {
    const list = `list the class that extends PassportStrategy(…, '${name}') among the providers of a module`;
    const reason = hint();
    const otherwise = reason === undefined ? list : `${reason}. Otherwise ${list}`;
    const use =
      'or call passport.use() by the end of onModuleInit(), when strategies are looked up';
    return isStrategy(this.registry._strategy(name))
      ? `${otherwise} of this application (another one of this process has a strategy of that name), ${use}`
      : `${otherwise}, ${use}`;
  }
}

/** When a provider was registered under the name; 0 if that is not known, or only its own name matches, below 0 if it was not. */
function orderOf(strategy: Strategy, name: string): number {
  const names = registeredNames(strategy);
  const isUnknown = names.length === 0 && !isRegistered(strategy);
  const isNamed = isUnknown ? strategy.name === name : names.includes(name);
  return registrationOf(strategy, name)?.order ?? (isNamed ? 0 : -1);
}
