import { describe, expect, it } from 'vitest';
import { settle } from '../../../lib/client/options.js';
import type { WebSocketConstructor } from '../../../lib/client/web-socket.js';

const settleWith = (option: string, value: unknown) =>
  settle({
    token: () => '',
    WebSocket: Object as unknown as WebSocketConstructor,
    [option]: value,
  }) as unknown as Record<string, unknown>;

const names = Object.entries(settleWith('protocols', 'chat'))
  .filter(([, value]) => typeof value === 'number')
  .map(([name]) => name);

describe('a number among the options of a client', () => {
  it('is one of those that the guide names', () => {
    expect(names.toSorted()).toEqual([
      'backOffMs',
      'heartbeatMs',
      'maxBackOffMs',
      'maxFailures',
      'maxQueuedBytes',
      'maxQueuedMessages',
      'timeoutMs',
    ]);
  });

  const outOfBounds = [Number.NaN, -1, -Infinity, 2 ** 31, Number.MAX_SAFE_INTEGER, 0.5, 1e300];
  const noNumbers = ['1000', '', null, true, {}, [], 5n, () => 5];

  it.each(names)('K7e: %s is refused by name if it is out of bounds', (name) => {
    for (const value of outOfBounds) {
      const settling = () => settleWith(name, value);
      expect(settling).toThrow(RangeError);
      expect(settling).toThrow(`${name}: `);
    }
  });

  it.each(names)('K7e: %s is refused by name if it is not a number', (name) => {
    for (const value of noNumbers) {
      const settling = () => settleWith(name, value);
      expect(settling).toThrow(TypeError);
      expect(settling).toThrow(`${name}: `);
    }
  });

  it.each(names)('K7e: %s may be 1, the longest delay of a timer, and Infinity', (name) => {
    for (const value of [1, 2 ** 31 - 1, Infinity]) {
      expect(settleWith(name, value)[name]).toBe(value);
    }
  });

  it('K7e: is at least 1 where 0 could mean no bound', () => {
    const refused = names.filter((name) => {
      try {
        settleWith(name, 0);
        return false;
      } catch {
        return true;
      }
    });
    expect(refused).toEqual(['maxFailures', 'timeoutMs']);
  });

  it('has its default where it is undefined', () => {
    for (const name of names) {
      expect(settleWith(name, undefined)[name]).toBe(settleWith('protocols', 'chat')[name]);
    }
  });
});

describe('a token of a client', () => {
  it.each(['text', undefined, null, {}, Promise.resolve('token')])(
    'K7k: is refused if it is not a function: %s',
    (token) => {
      const options = { token, WebSocket: Object } as never;
      expect(() => settle(options)).toThrow(new TypeError('token: expected function'));
    },
  );
});
