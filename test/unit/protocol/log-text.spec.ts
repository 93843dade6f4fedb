import { describe, expect, it } from 'vitest';
import { WsAuthNoSessionError } from '../../../lib/errors/ws-auth.error.js';
import { logError, logText } from '../../../lib/protocol/log-text.js';

describe('logText', () => {
  it.each([
    ['/ws', '/ws'],
    ['', ''],
    ['a\r\nb', 'a??b'],
    ['\u001b[31mred', '?[31mred'],
    ['a\u2028b', 'a?b'],
    ['é', '?'],
    ['a b', 'a?b'],
    ['x'.repeat(200), 'x'.repeat(200)],
    ['x'.repeat(100_000), `${'x'.repeat(200)}...`],
  ])('LG-01: writes %j as one bounded line', (text, line) => {
    expect(logText(text)).toBe(line);
  });
});

describe('logError', () => {
  it('names where an error came from, and not its message', () => {
    const written = logError(new TypeError('SECRET\n    at SECRET'.replace('\n    at ', ' ')));
    expect(written).toMatch(/^TypeError\n\s+at /);
    expect(written).not.toContain('SECRET');
    expect(written.split('\n').length).toBeLessThanOrEqual(9);
  });

  it('does not take a message for the stack it looks like', () => {
    expect(logError(new Error('first line\n    at SECRET (token)'))).not.toContain('SECRET');
  });

  it('K8c: has the message of an error of this package, which names the fix, in one line', () => {
    const [line] = logError(
      new WsAuthNoSessionError('no session\r\n; ask sessionOf(client)'),
    ).split('\n');
    expect(line).toBe('WsAuthNoSessionError: no session??; ask sessionOf(client)');
  });

  it.each([
    ['its class', TypeError, 'TypeError'],
    ['Error, where its class has no name', class extends Error {}, 'Error'],
  ])('LG-01: has in the place of a name that may be a value %s', (_what, made, line) => {
    const error = Object.assign(new made('SECRET'), { name: 'token 4711' });
    expect(logError(error).split('\n').at(0)).toBe(line);
  });

  it('copes with an error without a stack', () => {
    const error = Object.assign(new Error('SECRET'), { stack: undefined });
    expect(logError(error)).toBe('Error');
  });

  it('K12d: copes with an error that cannot be read', () => {
    const unreadable = new Proxy(new Error('SECRET'), {
      getPrototypeOf() {
        throw new Error('SECRET');
      },
    });
    expect(logError(unreadable)).toBe('an error that cannot be read');
  });

  it.each([['SECRET'], [undefined], [7]])('names the type of %s', (thrown) => {
    expect(logError(thrown)).toBe(`a thrown ${typeof thrown}`);
  });
});
