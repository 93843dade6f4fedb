import { describe, expect, it } from 'vitest';
import { isSendableCloseCode } from '../../../lib/protocol/close-code.js';
import { Refusal, refusalCodeOf } from '../../../lib/protocol/refusal.js';
import { allRefusalCodes } from '../support/refusal-codes.js';

describe('Refusal', () => {
  it('asks to come back in a second where the status is 429 or 503, and there alone', () => {
    for (const code of allRefusalCodes) {
      const { httpStatus, retryAfterSeconds } = new Refusal(code);
      expect([code, retryAfterSeconds]).toEqual([
        code,
        [429, 503].includes(httpStatus) ? 1 : undefined,
      ]);
    }
  });

  it('states by its status what it blames', () => {
    for (const code of allRefusalCodes) {
      const refusal = new Refusal(code);
      const { httpStatus } = refusal;
      expect([code, refusal.blamesCredential, refusal.asksForAnother]).toEqual([
        code,
        [400, 401, 403].includes(httpStatus),
        [400, 401].includes(httpStatus),
      ]);
      expect([code, refusal.isUnauthorized, refusal.isFault, refusal.isServerError]).toEqual([
        code,
        httpStatus === 401,
        httpStatus === 500,
        [500, 503].includes(httpStatus),
      ]);
    }
  });

  it('is found by its text, which no other has', () => {
    expect(allRefusalCodes.map((code) => refusalCodeOf(new Refusal(code).reason))).toEqual(
      allRefusalCodes,
    );
    expect(refusalCodeOf('teapot')).toBeUndefined();
  });

  it('has no challenges and no cause by default', () => {
    const refusal = new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED');
    expect([refusal.challenges, refusal.cause]).toEqual([[], undefined]);
  });

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

  it('K8g: keeps its diagnosis, and all else, when more of it is known', () => {
    const challenges = ['Bearer realm="Users"'];
    const cause = new Error('down');
    const refusal = new Refusal('ERR_WS_AUTH_TOO_MANY_ATTEMPTS', {
      challenges,
      cause,
      retryAfterSeconds: 60,
      diagnosis: { check: 'failed-attempts' },
    });
    expect(refusal.diagnosed({ check: 'store', extractor: 'fromCookie' })).toMatchObject({
      challenges,
      cause,
      retryAfterSeconds: 60,
      diagnosis: { check: 'failed-attempts', extractor: 'fromCookie' },
    });
    const rejected = new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED', { challenges });
    expect(rejected.diagnosed({ check: 'expired' }).retryAfterSeconds).toBeUndefined();
    expect(rejected.diagnosed({ check: 'expired' }).withChallenges([]).diagnosis).toEqual({
      check: 'expired',
    });
  });

  it('takes another time to come back', () => {
    const refusal = new Refusal('ERR_WS_AUTH_TOO_MANY_ATTEMPTS', { retryAfterSeconds: 60 });
    expect(refusal.retryAfterSeconds).toBe(60);
  });
});
