import { describe, expect, it } from 'vitest';
import {
  closeActionOf,
  isSendableCloseCode,
  WsAuthCloseCode,
} from '../../../lib/protocol/close-code.js';

describe('WsAuthCloseCode', () => {
  it('holds only codes that may be sent', () => {
    expect(Object.values(WsAuthCloseCode).every(isSendableCloseCode)).toBe(true);
  });
});

describe('closeActionOf', () => {
  it('asks for a new token after Unauthorized alone', () => {
    const codes = Object.values(WsAuthCloseCode).filter(
      (code) => closeActionOf(code) === 'newToken',
    );
    expect(codes).toEqual([3000]);
  });

  it('states the contract for every code of the package', () => {
    const codes = Object.values(WsAuthCloseCode);
    expect(codes.map((code) => [code, closeActionOf(code)])).toEqual([
      [1000, 'terminal'],
      [1001, 'backOff'],
      [1003, 'terminal'],
      [1008, 'terminal'],
      [1009, 'terminal'],
      [1011, 'backOff'],
      [1013, 'backOff'],
      [3000, 'newToken'],
      [3003, 'terminal'],
      [3008, 'backOff'],
    ]);
  });

  it.each([1002, 1005, 1006, 1007, 1012, 1014, 1015, 2000])(
    'takes %d, which this package does not send, for a trouble of the transport',
    (code) => {
      expect(closeActionOf(code)).toBe('backOff');
    },
  );

  it.each([3001, 4000, 4401, 4999])('takes %d for a decision of the application', (code) => {
    expect(closeActionOf(code)).toBe('terminal');
  });

  it('lets the application decide for any code', () => {
    const overrides = { 4001: 'newToken', 1011: 'terminal' } as const;
    expect([4001, 1011, 1013].map((code) => closeActionOf(code, overrides))).toEqual([
      'newToken',
      'terminal',
      'backOff',
    ]);
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
