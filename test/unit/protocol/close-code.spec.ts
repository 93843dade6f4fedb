import { describe, expect, it } from 'vitest';
import { isSendableCloseCode, WsAuthCloseCode } from '../../../lib/protocol/close-code.js';

describe('WsAuthCloseCode', () => {
  it('holds the registered codes', () => {
    expect(WsAuthCloseCode).toEqual({
      Normal: 1000,
      GoingAway: 1001,
      UnsupportedData: 1003,
      PolicyViolation: 1008,
      MessageTooBig: 1009,
      InternalError: 1011,
      TryAgainLater: 1013,
      Unauthorized: 3000,
      Forbidden: 3003,
      Timeout: 3008,
    });
  });

  it('holds only codes that may be sent', () => {
    expect(Object.values(WsAuthCloseCode).every(isSendableCloseCode)).toBe(true);
  });
});

describe('isSendableCloseCode', () => {
  it.each([1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 3999, 4000, 4999])(
    'allows %d',
    (code) => {
      expect(isSendableCloseCode(code)).toBe(true);
    },
  );

  it.each([0, 999, 1002, 1004, 1005, 1006, 1010, 1014, 1015, 1016, 2999, 5000, -1000])(
    'refuses %d',
    (code) => {
      expect(isSendableCloseCode(code)).toBe(false);
    },
  );

  it.each([Number.NaN, Infinity, 1000.5, '1000', '4000', null, undefined, {}, [4000], 4000n, true])(
    'refuses %s',
    (code) => {
      expect(isSendableCloseCode(code)).toBe(false);
    },
  );
});
