import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy as CustomStrategy } from 'passport-custom';
import { describe, expect, it, vi } from 'vitest';
import { belongsToAnother, isStrategy, own, strategiesOf } from '../../../lib/passport/owners.js';
import {
  isRegistered,
  observeRegistrations,
  registersItself,
  registrationOf,
  registrationsSoFar,
} from '../../../lib/passport/registrations.js';
import { Strategies } from '../../../lib/passport/strategies.js';
import type { Strategy, StrategyRegistry } from '../../../lib/passport/strategy.js';
import { strategyOf } from '../support/strategies.js';

function newRegistry(): StrategyRegistry {
  const registry = new passport.Authenticator() as unknown as StrategyRegistry;
  observeRegistrations(registry);
  return registry;
}

/** A strategy whose class registers itself, as those of `PassportStrategy()` do. */
function selfRegistered(registry: StrategyRegistry): Strategy {
  class Registering extends PassportStrategy(CustomStrategy, 'mixed') {
    getPassportInstance(): unknown {
      return registry;
    }
    validate(): object {
      return {};
    }
  }
  return new Registering();
}

describe('registrations', () => {
  it('K3b: remember each name of each strategy, and its order', () => {
    const registry = newRegistry();
    const [one, other] = [strategyOf((self) => self.pass()), strategyOf((self) => self.pass())];
    const before = registrationsSoFar();
    registry.use!('a', one);
    registry.use!('a', other);
    registry.use!('b', one);
    expect(registrationOf(one, 'a')).toEqual({ order: before + 1, bySelf: false });
    expect(registrationOf(other, 'a')).toEqual({ order: before + 2, bySelf: false });
    expect(registrationOf(one, 'b')).toEqual({ order: before + 3, bySelf: false });
    expect(registry._strategy('a')).toBe(other);
  });

  it('K3b: take the name that a strategy has itself where none is given', () => {
    const registry = newRegistry();
    const named = { ...strategyOf((self) => self.pass()), name: 'own' };
    registry.use!(named);
    expect(registrationOf(named, 'own')).toBeDefined();
    expect(registry._strategy('own')).toBe(named);
  });

  it('K3c: distinguish a strategy that registers itself from one that was registered', () => {
    const registry = newRegistry();
    const mixed = selfRegistered(registry);
    expect(registersItself(mixed)).toBe(true);
    expect(registrationOf(mixed, 'mixed')).toMatchObject({ bySelf: true });
    registry.use!('mixed', mixed);
    expect(registrationOf(mixed, 'mixed')).toMatchObject({ bySelf: false });
  });

  it('K3c: forget what unuse() takes back, and only that', () => {
    const registry = newRegistry();
    const [one, other] = [strategyOf((self) => self.pass()), strategyOf((self) => self.pass())];
    registry.use!('a', one);
    registry.use!('a', other);
    registry.unuse!('a');
    registry.unuse!('nothing');
    expect(registrationOf(other, 'a')).toBeUndefined();
    expect(registrationOf(one, 'a')).toBeDefined();
    expect(isRegistered(other)).toBe(true);
    expect(registry._strategy('a')).toBeUndefined();
  });

  it('observe a registry once, and leave alone what is not one of Passport', () => {
    const registry = newRegistry();
    const { use } = registry;
    observeRegistrations(registry);
    expect(registry.use).toBe(use);
    const bare: StrategyRegistry = { _strategy: () => undefined };
    observeRegistrations(bare);
    expect(bare.use).toBeUndefined();
  });
});

describe('owners', () => {
  it('K3b: own the strategies among their providers, also those that are made later', () => {
    const [mine, theirs, shared] = [Symbol('mine'), Symbol('theirs'), Symbol('none')];
    const strategy = strategyOf((self) => self.pass());
    const providers: object[] = [];
    const owner = { providers: () => providers };
    own(theirs, owner);
    expect(belongsToAnother(mine, strategy)).toBe(false);
    providers.push(strategy, {}, new Date());
    expect(belongsToAnother(mine, strategy)).toBe(true);
    expect(belongsToAnother(theirs, strategy)).toBe(false);
    own(mine, { providers: () => [strategy] });
    expect(belongsToAnother(mine, strategy)).toBe(false);
    expect(belongsToAnother(shared, strategy)).toBe(true);
  });

  it('are forgotten with their application', () => {
    const collected = vi.fn(() => [strategyOf((self) => self.pass())]);
    class Collected {
      deref(): undefined {
        return undefined;
      }
    }
    vi.stubGlobal('WeakRef', Collected);
    own(Symbol('collected'), { providers: collected });
    vi.unstubAllGlobals();
    belongsToAnother(
      Symbol('mine'),
      strategyOf((self) => self.pass()),
    );
    belongsToAnother(
      Symbol('mine'),
      strategyOf((self) => self.pass()),
    );
    expect(collected).toHaveBeenCalledTimes(1);
  });

  it('take a provider that throws when it is read for no strategy', () => {
    const proxy = new Proxy(
      {},
      {
        get: () => {
          throw new Error('outside of a request');
        },
      },
    );
    expect(isStrategy(proxy)).toBe(false);
    expect([...strategiesOf({ providers: () => [proxy] })]).toEqual([]);
  });
});

describe('Strategies of an application', () => {
  const one = strategyOf((self) => self.pass());
  const other = strategyOf((self) => self.fail());

  it('K3b: finds its own provider, whatever the registry holds', () => {
    const registry = newRegistry();
    const mine = new Strategies(registry, { providers: () => [one] });
    registry.use!('jwt', one);
    registry.use!('jwt', other);
    expect(mine.find('jwt')).toBe(one);
  });

  it('K3b: of two providers finds the one that was registered last', () => {
    const registry = newRegistry();
    registry.use!('jwt', other);
    registry.use!('jwt', one);
    for (const providers of [
      [one, other],
      [other, one],
    ]) {
      expect(new Strategies(registry, { providers: () => providers }).find('jwt')).toBe(one);
    }
  });

  it('K3b: finds a provider by its own name that was never registered, such as one of a test', () => {
    const fake = { ...strategyOf((self) => self.pass()), name: 'jwt' };
    const mine = new Strategies(newRegistry(), { providers: () => [fake] });
    expect(mine.find('jwt')).toBe(fake);
    expect(mine.find('basic')).toBeUndefined();
  });

  it('K3c: does not count a strategy of another application', () => {
    const registry = newRegistry();
    const owner = { providers: () => [one] };
    const theirs = new Strategies(registry, owner);
    registry.use!('jwt', one);
    theirs.claim();
    const mine = new Strategies(registry, { providers: () => [] });
    expect(mine.find('jwt')).toBeUndefined();
    expect(() => mine.demand(['jwt'])).toThrow(
      'another one of this process has a strategy of that name',
    );
    expect(theirs.find('jwt')).toBe(one);
  });

  it('K3c: counts a strategy that registers itself only after the application has begun', () => {
    const registry = newRegistry();
    selfRegistered(registry);
    const mine = new Strategies(registry, { providers: () => [] });
    expect(mine.find('mixed')).toBeUndefined();
    const later = selfRegistered(registry);
    expect(mine.find('mixed')).toBe(later);
  });

  it('K3c: does not count one that registered itself before the package was imported', () => {
    const registry = new passport.Authenticator() as unknown as StrategyRegistry;
    selfRegistered(registry);
    expect(new Strategies(registry).find('mixed')).toBeUndefined();
  });

  it('K5k: names what else may be the reason', () => {
    const mine = new Strategies(newRegistry());
    expect(() => mine.demand(['jwt'], () => 'JwtStrategy is request-scoped')).toThrow(
      `strategy: no Passport strategy is registered as "jwt"; JwtStrategy is request-scoped. Otherwise list the class`,
    );
  });

  it('K8o: names the strategy of the application that is probably meant', () => {
    const registry = newRegistry();
    const mixed = selfRegistered(registry);
    const mine = new Strategies(registry, { providers: () => [mixed] });
    expect(() => mine.demand(['Mixd'])).toThrow(
      'no Passport strategy is registered as "Mixd"; did you mean "mixed"? Otherwise list the class',
    );
  });

  it('K8o: names the strategies that the application provides, where none is probably meant', () => {
    const registry = newRegistry();
    const mixed = selfRegistered(registry);
    const mine = new Strategies(registry, { providers: () => [mixed] });
    expect(() => mine.demand(['other'])).toThrow(
      'registered as "other"; the application provides "mixed": name one of them in the option strategy. Otherwise list the class',
    );
  });

  it('K8o: takes no strategy that was registered under no name for the one that is meant', () => {
    const mine = new Strategies(newRegistry(), { providers: () => [strategyOf(() => undefined)] });
    expect(() => mine.demand(['jwt'])).toThrow('registered as "jwt"; list the class');
  });
});
