import { moduleSettings } from '../../../lib/module/module-settings.js';
import { describe as group, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import {
  checkBound,
  checkInteger,
  describe,
  maxTimerMs,
} from '../../../lib/policy/check-option.js';

group('checkInteger', () => {
  it.each([1, 2, 10])('allows %d', (value) => {
    expect(checkInteger('n', value, { min: 1, max: 10 })).toBe(value);
  });

  it('has no upper bound but that of integers', () => {
    expect(checkInteger('n', Number.MAX_SAFE_INTEGER, { min: 0 })).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    [0, 'the number 0'],
    [11, 'the number 11'],
    [1.5, 'the number 1.5'],
    [Number.NaN, 'the number NaN'],
    [Infinity, 'the number Infinity'],
    [2 ** 53, 'the number 9007199254740992'],
    ['5', 'a value of type string'],
    [null, 'null'],
    [undefined, 'a value of type undefined'],
    [5n, 'a value of type bigint'],
    [[5], 'a value of type object'],
    [true, 'a value of type boolean'],
  ])('refuses %s and names the option', (value, got) => {
    const check = () => checkInteger('authTimeoutMs', value, { min: 1, max: 10 });
    expect(check).toThrow(WsAuthConfigurationError);
    expect(check).toThrow(`authTimeoutMs: expected a whole number from 1 to 10, got ${got}`);
  });

  it('shows no text, since it may be a secret', () => {
    expect(() => checkInteger('n', 'SECRET', { min: 0 })).not.toThrow(/SECRET/);
  });
});

group('checkBound', () => {
  it('also allows Infinity, which means no bound', () => {
    expect(checkBound('n', Infinity, 1)).toBe(Infinity);
    expect(checkBound('n', 1, 1)).toBe(1);
  });

  it.each([0, -Infinity, Number.NaN, '1', 0.5])('refuses %s', (value) => {
    expect(() => checkBound('maxSessionAgeMs', value, 1)).toThrow(
      /^maxSessionAgeMs: expected a whole number from 1 to 9007199254740991, got /,
    );
  });
});

group('describe', () => {
  it.each([
    [null, 'null'],
    [1, 'the number 1'],
    ['SECRET', 'a value of type string'],
    [{ a: 'SECRET' }, 'a value of type object'],
  ])('describes %j', (value, described) => {
    expect(describe(value)).toBe(described);
  });
});

group('maxTimerMs', () => {
  it('is the longest delay that Node keeps', () => {
    expect(maxTimerMs).toBe(2_147_483_647);
  });
});

class Ticket {}

const settle = (option: string, value: unknown) => () =>
  moduleSettings({ strategy: 'jwt', [option]: value });

/** Functions whose result is there later, or never. */
const late = [async () => 1, function* generate() {}, async function* generateLater() {}];

group('functions that the module calls', () => {
  it.each(['userId', 'expiresAt', 'trustProxy', 'allowedOrigins'])(
    'K11a: %s cannot be a class, which throws where it is called',
    (option) => {
      expect(settle(option, Ticket)).toThrow(`${option}: expected a function, got a class`);
    },
  );

  it('K11a: no middleware can be a class', () => {
    expect(settle('middleware', [Ticket])).toThrow('middleware: expected a function, got a class');
  });

  it.each(['userId', 'expiresAt', 'trustProxy'])(
    'K11a: %s cannot be an async function, whose promise would count as a value',
    (option) => {
      for (const value of late) {
        expect(settle(option, value)).toThrow(
          `${option}: expected a function that returns its result and no promise`,
        );
      }
      expect(settle(option, () => 1)).not.toThrow();
    },
  );

  it('K11b: no strategy is listed twice, since it would run twice', () => {
    expect(settle('strategy', ['jwt', 'key', 'jwt'])).toThrow(
      /^strategy: a strategy is listed twice/,
    );
    expect(settle('strategy', ['jwt', 'key'])).not.toThrow();
  });
});
