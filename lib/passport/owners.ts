import type { Strategy } from './strategy.js';

/** An application, as far as it owns strategies. */
export interface StrategyOwner {
  /** Instances of its providers, as far as Nest has made them. */
  providers(): Iterable<object>;
}

/** The strategies among the providers of an application. */
export function* strategiesOf(owner: StrategyOwner): Iterable<Strategy> {
  for (const instance of owner.providers()) {
    if (isStrategy(instance)) {
      yield instance;
    }
  }
}

/** A provider may be a proxy that throws outside of a request. */
export function isStrategy(value: unknown): value is Strategy {
  try {
    return typeof (value as Partial<Strategy> | undefined)?.authenticate === 'function';
  } catch {
    return false;
  }
}

/**
 * Owners of each strategy, by a token: the registry of Passport keeps strategies for ever, and must not keep their
 * applications.
 */
const owners = new WeakMap<object, Set<symbol>>();

const applications = new Map<symbol, WeakRef<StrategyOwner>>();

/** Makes the strategies among the providers of an application known as its own, now and whenever another one asks. */
export function own(token: symbol, owner: StrategyOwner): void {
  applications.set(token, new WeakRef(owner));
  for (const strategy of strategiesOf(owner)) {
    const tokens = owners.get(strategy) ?? new Set();
    owners.set(strategy, tokens.add(token));
  }
}

/** Whether a strategy is a provider of other applications only. */
export function belongsToAnother(token: symbol, strategy: object): boolean {
  for (const [other, reference] of applications) {
    const owner = reference.deref();
    if (owner) {
      own(other, owner);
    } else {
      applications.delete(other);
    }
  }
  const tokens = owners.get(strategy);
  return tokens !== undefined && !tokens.has(token);
}
