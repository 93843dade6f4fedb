import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import type { WsCredentialExtractor } from '../../../lib/credentials/extractor.js';
import { fromFirstMessage } from '../../../lib/credentials/first-message.extractor.js';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { fromUserInfo } from '../../../lib/credentials/user-info.extractor.js';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';
import {
  refusesByCloseFrame,
  refusesByHttp,
  type WsAuthRejection,
} from '../../../lib/policy/rejection.js';
import { Refusal, type RefusalCode } from '../../../lib/protocol/refusal.js';
import { allRefusalCodes } from '../support/refusal-codes.js';
import { handshakeOf, type HeaderLines } from '../support/requests.js';

const bearerOnly = fromAuthorizationHeader({ schemes: ['Bearer'] });
const others = ['close', 'auto'] as const satisfies readonly WsAuthRejection[];

function resolve(options: WsAuthModuleOptions) {
  return resolvePolicy({ strategy: 'jwt', ...options });
}

describe('the option `rejection`', () => {
  it('is `http` by default', () => {
    expect(resolve({}).rejection).toBe('http');
  });

  it.each(['HTTP', '', 401, true])('refuses %j', (rejection) => {
    const resolving = () => resolve({ rejection: rejection as never });
    expect(resolving).toThrow(WsAuthConfigurationError);
    expect(resolving).toThrow(/^rejection: expected 'http', 'close' or 'auto', got /);
  });

  it.each<[string, WsCredentialExtractor[], boolean]>([
    ['fromUserInfo()', [fromUserInfo()], false],
    ['fromUserInfo() beside the first message', [fromUserInfo(), fromFirstMessage()], false],
    ['fromUserInfo(), optional', [fromUserInfo()], true],
    ['fromAuthorizationHeader() alone', [fromAuthorizationHeader()], false],
    ['Basic beside a cookie', [fromAuthorizationHeader(), fromCookie('token')], false],
  ])(
    'stays with HTTP for a policy that needs a Basic challenge: %s',
    (_what, credentials, optional) => {
      const policy = { credentials, optional };
      expect(resolve({ ...policy, rejection: 'auto' }).rejection).toBe('http');
      expect(resolve({ ...policy, rejection: 'http' }).rejection).toBe('http');
      const refusing = () => resolve({ ...policy, rejection: 'close' });
      expect(refusing).toThrow(
        /^rejection: 'close' sends no 401.*write rejection: 'auto' or 'http'.*'Bearer'/,
      );
      expect(refusing).toThrow(WsAuthConfigurationError);
    },
  );

  it.each<[string, WsAuthModuleOptions]>([
    ['the default credentials', {}],
    [
      'Basic, where clients may be anonymous',
      { credentials: [fromAuthorizationHeader()], optional: true },
    ],
    ['Bearer alone', { credentials: [bearerOnly] }],
    [
      'a cookie or a query parameter',
      { credentials: [fromCookie('token'), fromQueryParam('token')] },
    ],
    ['a strategy that reads the request', { credentials: [fromRequest()] }],
  ])('accepts a policy without extractors of Basic: %s', (_what, options) => {
    for (const rejection of others) {
      expect(resolve({ ...options, rejection }).rejection).toBe(rejection);
    }
  });
});

const page: HeaderLines = [['Origin', 'https://app.example.com']];
const challenges = ['Basic realm="Users", charset="UTF-8"', 'Bearer realm="Users"'];

function closes(
  rejection: WsAuthRejection,
  code: RefusalCode,
  lines: HeaderLines,
  fromStrategy: readonly string[] = [],
): boolean {
  const refusal = new Refusal(code, { challenges: [...challenges, ...fromStrategy] });
  return refusesByCloseFrame(rejection, refusal, handshakeOf('/', lines));
}

describe('a refused upgrade', () => {
  const all = allRefusalCodes.filter((code) => code !== 'ERR_WS_AUTH_SHUTTING_DOWN');

  it('is always answered by HTTP with `http`', () => {
    expect(allRefusalCodes.filter((code) => closes('http', code, page))).toEqual([]);
  });

  it('is always accepted and closed with `close`, for every client', () => {
    expect(allRefusalCodes.filter((code) => closes('close', code, []))).toEqual(all);
    expect(allRefusalCodes.filter((code) => closes('close', code, page))).toEqual(all);
  });

  it('is accepted and closed with `auto` for a page', () => {
    expect(allRefusalCodes.filter((code) => closes('auto', code, page))).toEqual(all);
  });

  it('is answered by HTTP with `auto` for a machine', () => {
    expect(allRefusalCodes.filter((code) => closes('auto', code, []))).toEqual([]);
  });

  it.each(['Basic YWxpY2U6b2xk', 'basic YWxpY2U6b2xk', 'Digest username="alice"', 'Bearerx'])(
    'is answered by HTTP with `auto` where the browser must forget %s',
    (authorization) => {
      const lines: HeaderLines = [...page, ['Authorization', authorization]];
      expect(closes('auto', 'ERR_WS_AUTH_CREDENTIAL_REJECTED', lines)).toBe(false);
      expect(closes('auto', 'ERR_WS_AUTH_ORIGIN_REFUSED', lines)).toBe(true);
      expect(closes('close', 'ERR_WS_AUTH_CREDENTIAL_REJECTED', lines)).toBe(true);
    },
  );

  it.each(['Bearer nobody', 'bearer nobody', 'Bearer', ''])(
    'is accepted and closed with `auto` for a client that sent %j',
    (authorization) => {
      const lines: HeaderLines = [...page, ['Authorization', authorization]];
      expect(closes('auto', 'ERR_WS_AUTH_CREDENTIAL_REJECTED', lines)).toBe(true);
    },
  );

  it('is answered by HTTP with `auto` where a strategy challenges the browser', () => {
    const digest = ['Digest realm="Users", nonce="x"'];
    expect(closes('auto', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', page, digest)).toBe(false);
    expect(closes('close', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', page, digest)).toBe(true);
  });
});

describe('the option `rejection` on Socket.IO', () => {
  const handshake = handshakeOf('/');
  const rejected = new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED');

  it('is `auto` by default, also for a policy that reads Basic, and what is given otherwise', () => {
    const options = { strategy: 'jwt', credentials: [fromAuthorizationHeader()] };
    expect(resolvePolicy(options, 'socket.io').rejection).toBe('auto');
    expect(resolvePolicy({ ...options, rejection: 'http' }, 'socket.io').rejection).toBe('http');
  });

  it.each<[WsAuthRejection, Refusal, HeaderLines, boolean]>([
    ['http', rejected, [], true],
    ['close', rejected, [], false],
    ['auto', rejected, [], false],
    ['auto', rejected, [['Authorization', 'Bearer a']], false],
    ['auto', rejected, [['Authorization', 'Basic YTpi']], true],
    ['close', new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'), [], true],
  ])('%s: %o is by HTTP or at CONNECT', (rejection, refusal, lines, byHttp) => {
    const sent = lines.length === 0 ? handshake : handshakeOf('/', lines);
    expect(refusesByHttp(rejection, refusal, sent)).toBe(byHttp);
  });
});
