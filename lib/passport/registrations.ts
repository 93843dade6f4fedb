import type { Strategy, StrategyRegistry } from './strategy.js';

/** One call of `passport.use()`. */
export interface Registration {
  /** Grows with each call in this process. */
  readonly order: number;
  /** Whether the strategy did it itself, as classes of `PassportStrategy()` do in their constructor. */
  readonly bySelf: boolean;
}

let lastOrder = 0;
let changes = 0;

/** Weak, since the registry itself drops a strategy whose name is used again. */
const registrations = new WeakMap<object, Map<string, Registration>>();

const observed = new WeakSet<StrategyRegistry>();

/** Order of the registrations so far. */
export function registrationsSoFar(): number {
  return lastOrder;
}

/** How often any registry was given a strategy, or has lost one. */
export function registryChanges(): number {
  return changes;
}

/**
 * Remembers under which names a registry is given strategies.
 *
 * Passport keeps one strategy per name for the whole process, so that the second application hides the strategy of the first.
 * Only `passport.use()` knows the name that `PassportStrategy(…, name)` was given.
 */
export function observeRegistrations(registry: StrategyRegistry): void {
  const { use, unuse } = registry;
  if (!use || !unuse || observed.has(registry)) {
    return;
  }
  observed.add(registry);
  registry.use = function (this: StrategyRegistry, ...args: [string | Strategy, Strategy?]) {
    const result: unknown = use.apply(this, args);
    const [name, strategy] = args;
    remember(strategy ?? (name as Strategy), strategy ? (name as string) : undefined);
    changes += 1;
    return result;
  };
  registry.unuse = function (this: StrategyRegistry, name: string) {
    const strategy = this._strategy(name);
    registrations.get(Object(strategy) as object)?.delete(name);
    changes += 1;
    return unuse.call(this, name);
  };
}

/** The last registration of a strategy under a name, if it was observed. */
export function registrationOf(strategy: object, name: string): Registration | undefined {
  return registrations.get(strategy)?.get(name);
}

/** All names under which a strategy was registered. */
export function registeredNames(strategy: object): readonly string[] {
  const known = registrations.get(strategy);
  return known ? [...known.keys()] : namesElsewhere(strategy);
}

/**
 * Names under which a strategy has registered itself with another instance of Passport: one of the application's own, or that of a
 * second copy of the package. Its own `name` may be the one of a sibling: all strategies of passport-jwt are called `jwt`.
 */
function namesElsewhere(strategy: object): readonly string[] {
  try {
    const { getPassportInstance } = strategy as { getPassportInstance?: () => unknown };
    const { _strategies: all } = Object(getPassportInstance?.call(strategy)) as {
      _strategies?: object;
    };
    return Object.entries(all ?? {}).flatMap(([name, each]) => (each === strategy ? [name] : []));
  } catch {
    return [];
  }
}

/** Whether a strategy was registered under any name. */
export function isRegistered(strategy: object): boolean {
  return registrations.has(strategy);
}

/** Whether the class of a strategy comes from `PassportStrategy()`, and so registers itself. */
export function registersItself(strategy: object): boolean {
  return 'getPassportInstance' in strategy;
}

function remember(strategy: Strategy, name = strategy.name): void {
  const known = registrations.get(strategy);
  const names = known ?? new Map<string, Registration>();
  registrations.set(strategy, names);
  lastOrder += 1;
  names.set(String(name), { order: lastOrder, bySelf: !known && registersItself(strategy) });
}
