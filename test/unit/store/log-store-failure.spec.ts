import { describe, expect, it } from 'vitest';
import { WsAuthStoreError } from '../../../lib/errors/ws-auth-store.error.js';
import { logStoreFailure } from '../../../lib/store/log-store-failure.js';

const failure = (cause?: unknown) => new WsAuthStoreError('redis refused a command', { cause });
const systemError = (code: unknown) => Object.assign(new Error('SECRET'), { code });

describe('the log line of a store that fails', () => {
  it.each([
    [new Error('NOREPLICAS Not enough good replicas SECRET'), 'NOREPLICAS'],
    [new Error('WRONGTYPE Operation against SECRET'), 'WRONGTYPE'],
    [new Error('OOM command not allowed'), 'OOM'],
    [new Error('NOAUTH'), 'NOAUTH'],
    [systemError('ECONNREFUSED'), 'ECONNREFUSED'],
    [systemError('ERR_SOCKET_CLOSED'), 'ERR_SOCKET_CLOSED'],
  ])('D8: names the code of the cause and not its message: %s', (cause, code) => {
    expect(logStoreFailure(failure(cause))).toBe(`redis refused a command (${code})`);
  });

  it.each([
    [undefined],
    [null],
    ['SECRET'],
    [new Error('SECRET-token that is refused')],
    [new Error('SECRETsecret value')],
    [new Error('secret')],
    [systemError('secret token')],
    [systemError(7)],
  ])('D8: names no code where there is none: %s', (cause) => {
    expect(logStoreFailure(failure(cause))).toBe('redis refused a command');
  });

  it('D8: leaves out the messages of other errors', () => {
    expect(logStoreFailure(new TypeError('SECRET'))).toMatch(/^TypeError\n/);
    expect(logStoreFailure(new TypeError('SECRET'))).not.toContain('SECRET');
    expect(logStoreFailure('SECRET')).toBe('a thrown string');
  });
});
