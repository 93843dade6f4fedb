import { describe, expect, it } from 'vitest';
import { isSendableCloseCode } from '../../../lib/protocol/close-code.js';
import { Refusal, type RefusalCode } from '../../../lib/protocol/refusal.js';
import { allRefusalCodes } from '../support/refusal-codes.js';

type Row = readonly [
  code: RefusalCode,
  httpStatus: number,
  closeCode: number,
  reason: string,
  retryAfterSeconds: number | undefined,
];

const table: readonly Row[] = [
  ['ERR_WS_AUTH_MALFORMED_HANDSHAKE', 400, 3000, 'malformed handshake', undefined],
  ['ERR_WS_AUTH_MALFORMED_CREDENTIAL', 400, 3000, 'malformed credential', undefined],
  ['ERR_WS_AUTH_SEVERAL_CREDENTIALS', 400, 3000, 'more than one credential', undefined],
  ['ERR_WS_AUTH_CREDENTIAL_TOO_LARGE', 400, 1009, 'credential too large', undefined],
  ['ERR_WS_AUTH_CREDENTIAL_REQUIRED', 401, 3000, 'credential required', undefined],
  ['ERR_WS_AUTH_CREDENTIAL_REJECTED', 401, 3000, 'credential rejected', undefined],
  ['ERR_WS_AUTH_REDIRECTED', 401, 3000, 'log in over http first', undefined],
  ['ERR_WS_AUTH_ORIGIN_REFUSED', 403, 3003, 'origin refused', undefined],
  ['ERR_WS_AUTH_NOT_PERMITTED', 403, 3003, 'not permitted', undefined],
  ['ERR_WS_AUTH_UNKNOWN_PATH', 404, 1008, 'not found', undefined],
  ['ERR_WS_AUTH_METHOD_NOT_ALLOWED', 405, 1008, 'method not allowed', undefined],
  ['ERR_WS_AUTH_UPGRADE_REQUIRED', 426, 1008, 'websocket upgrade required', undefined],
  ['ERR_WS_AUTH_TOO_MANY_HEADERS', 431, 1008, 'too many header fields', undefined],
  ['ERR_WS_AUTH_TOO_MANY_ATTEMPTS', 429, 1013, 'too many attempts', 1],
  ['ERR_WS_AUTH_TOO_MANY_SESSIONS', 429, 1013, 'too many sessions', 1],
  ['ERR_WS_AUTH_OTHER_USER', 403, 3003, 'other user', undefined],
  ['ERR_WS_AUTH_REVOKED', 401, 3000, 'revoked', undefined],
  ['ERR_WS_AUTH_BUSY', 429, 1008, 'too many authentications', 1],
  ['ERR_WS_AUTH_TIMEOUT', 503, 3008, 'authentication timed out', 1],
  ['ERR_WS_AUTH_UNSUPPORTED_DATA', 400, 1003, 'text message expected', undefined],
  ['ERR_WS_AUTH_QUEUE_FULL', 503, 1008, 'too many messages before authentication', 1],
  ['ERR_WS_AUTH_STRATEGY_FAILED', 500, 1011, 'authentication failed', undefined],
  ['ERR_WS_AUTH_UNAVAILABLE', 503, 1013, 'authentication unavailable', 1],
  ['ERR_WS_AUTH_OVERLOADED', 503, 1013, 'too many pending connections', 1],
  ['ERR_WS_AUTH_SHUTTING_DOWN', 503, 1001, 'server shutting down', 1],
];

describe('Refusal', () => {
  it.each(table)(
    '%s is HTTP %d and close code %d',
    (code, httpStatus, closeCode, reason, retry) => {
      expect(new Refusal(code)).toMatchObject({
        code,
        httpStatus,
        closeCode,
        reason,
        challenges: [],
        retryAfterSeconds: retry,
        cause: undefined,
      });
    },
  );

  it('FM-20: gives every kind a close code that may be sent and a reason that fits into a close frame', () => {
    for (const code of allRefusalCodes) {
      const { closeCode, reason } = new Refusal(code);
      expect(isSendableCloseCode(closeCode)).toBe(true);
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
      expect(reason).toMatch(/^[a-z][a-z ]+$/);
    }
  });

  it('keeps its cause when it gets its challenges', () => {
    const cause = new Error('down');
    const challenges = ['Bearer realm="Users"'];
    expect(
      new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED', { cause }).withChallenges(challenges),
    ).toMatchObject({ code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED', challenges, cause });
  });

  it('takes another time to come back', () => {
    const refusal = new Refusal('ERR_WS_AUTH_TOO_MANY_ATTEMPTS', { retryAfterSeconds: 60 });
    expect(refusal.retryAfterSeconds).toBe(60);
  });
});
