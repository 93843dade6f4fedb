import passport from 'passport';
import { describe, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import { Strategies } from '../../../lib/passport/strategies.js';
import type { Strategy, StrategyRegistry } from '../../../lib/passport/strategy.js';
import { strategyOf } from '../support/strategies.js';

const one = strategyOf((self) => self.pass());
const other = strategyOf((self) => self.fail());

/** Those of an application that provides these, and whose registry is empty. */
function provide(...provided: Strategy[]): Strategies {
  return new Strategies({ _strategy: () => undefined }, { providers: () => provided });
}

describe('Strategies', () => {
  it('finds a strategy that is registered later, and none before', () => {
    const registered = new Map<string, Strategy>();
    const strategies = new Strategies({ _strategy: (name) => registered.get(name) });
    expect(strategies.find('jwt')).toBeUndefined();
    registered.set('jwt', one);
    expect(strategies.find('jwt')).toBe(one);
  });

  it('SD-10: keeps the first answer when another application takes the name', () => {
    const registered = new Map([['jwt', one]]);
    const strategies = new Strategies({ _strategy: (name) => registered.get(name) });
    expect(strategies.find('jwt')).toBe(one);
    registered.set('jwt', other);
    expect(strategies.find('jwt')).toBe(one);
  });

  describe('asks what Passport asks', () => {
    const authenticator = new passport.Authenticator();
    const registry = authenticator as unknown as StrategyRegistry;
    const use = (strategy: Strategy) => authenticator.use('jwt', strategy as never);

    it('K5: after passport.use() has replaced a strategy, for example by one with other keys', () => {
      const strategies = new Strategies(registry);
      use(one);
      expect(strategies.find('jwt')).toBe(one);
      use(other);
      expect(strategies.find('jwt')).toBe(other);
      authenticator.unuse('jwt');
      expect(strategies.find('jwt')).toBeUndefined();
    });

    it('K3b: unless a class of PassportStrategy() has registered itself, for another application', () => {
      const strategies = new Strategies(registry);
      use(one);
      expect(strategies.find('jwt')).toBe(one);
      use(
        Object.assign(
          strategyOf(() => undefined),
          { getPassportInstance: () => authenticator },
        ),
      );
      expect(strategies.find('jwt')).toBe(one);
      use(other);
      expect(strategies.find('jwt')).toBe(other);
    });

    it('K3b: unless the application provides the strategy', () => {
      const provided = strategyOf(() => undefined);
      const strategies = new Strategies(registry, { providers: () => [provided] });
      use(provided);
      expect(strategies.find('jwt')).toBe(provided);
      use(other);
      expect(strategies.find('jwt')).toBe(provided);
    });
  });

  describe('that registered themselves with another instance of Passport', () => {
    const elsewhere = new passport.Authenticator();
    const named = (name: string, getPassportInstance: () => unknown) => {
      const strategy = Object.assign(
        strategyOf(() => undefined),
        { name: 'jwt', getPassportInstance },
      );
      elsewhere.use(name, strategy as never);
      return strategy;
    };
    const refresh = named('jwt-refresh', () => elsewhere);
    const access = named('jwt', () => elsewhere);

    it('K3b: are known by the names that they have there, and not by those of their siblings', () => {
      const strategies = provide(refresh, access);
      expect(strategies.find('jwt')).toBe(access);
      expect(strategies.find('jwt-refresh')).toBe(refresh);
      const alone = provide(refresh);
      expect(alone.find('jwt')).toBeUndefined();
      expect(() => alone.demand(['jwt'])).toThrow('the application provides "jwt-refresh"');
    });

    it.each([
      [
        'throws',
        () => {
          throw new Error('no');
        },
      ],
      ['keeps its strategies elsewhere', () => ({})],
      ['is none', () => undefined],
    ])('are known by their own name where the instance %s', (_what, instance) => {
      const strategy = named('odd', instance);
      expect(provide(strategy).find('jwt')).toBe(strategy);
    });
  });

  it('prefers a strategy that was added for this application alone', () => {
    const strategies = new Strategies({ _strategy: () => one });
    strategies.add('ws-ticket', other);
    expect(strategies.find('ws-ticket')).toBe(other);
    expect(strategies.find('jwt')).toBe(one);
  });

  it('reads the registry of Passport itself', () => {
    const authenticator = new passport.Authenticator();
    const strategies = new Strategies(authenticator as unknown as StrategyRegistry);
    expect(strategies.find('session')).toBeDefined();
    expect(strategies.find('jwt')).toBeUndefined();
  });

  it('ST-17: demands every name, and explains how to register it', () => {
    const strategies = new Strategies({ _strategy: (name) => (name === 'jwt' ? one : undefined) });
    expect(() => strategies.demand(['jwt'])).not.toThrow();
    expect(() => strategies.demand([])).not.toThrow();
    const demanding = () => strategies.demand(['jwt', 'basic']);
    expect(demanding).toThrow(WsAuthConfigurationError);
    expect(demanding).toThrow(
      `strategy: no Passport strategy is registered as "basic"; list the class that extends PassportStrategy(…, 'basic') among the providers of a module`,
    );
  });

  it('K8o: states until when a strategy may be registered', () => {
    const strategies = new Strategies({ _strategy: () => undefined });
    expect(() => strategies.demand(['jwt'])).toThrow(
      /or call passport\.use\(\) by the end of onModuleInit\(\)/,
    );
  });

  it('names the option that enables tickets, since no class can be registered', () => {
    const strategies = new Strategies({ _strategy: () => undefined });
    expect(() => strategies.demand(['ws-ticket'])).toThrow(
      'strategy: no Passport strategy is registered as "ws-ticket"; pass WsAuthModule.forRoot({ tickets: {} })',
    );
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'ST-17: demands a strategy, not a property of Object.prototype such as %s',
    (name) => {
      const authenticator = new passport.Authenticator();
      const strategies = new Strategies(authenticator as unknown as StrategyRegistry);
      expect(() => strategies.demand([name])).toThrow(WsAuthConfigurationError);
    },
  );
});
