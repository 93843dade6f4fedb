import { describe, expect, it } from 'vitest';
import { httpResponse, refusalBody, refusalFields } from '../../../lib/protocol/http-response.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { allRefusalCodes } from '../support/refusal-codes.js';

describe('httpResponse', () => {
  it('writes a 401 with one line per challenge', () => {
    const refusal = new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED', {
      challenges: ['Basic realm="Users", charset="UTF-8"', 'Bearer realm="Users"'],
    });
    expect(httpResponse(refusal)).toBe(
      'HTTP/1.1 401 Unauthorized\r\n' +
        'Connection: close\r\n' +
        'WWW-Authenticate: Basic realm="Users", charset="UTF-8"\r\n' +
        'WWW-Authenticate: Bearer realm="Users"\r\n' +
        'Cache-Control: no-store\r\n' +
        'X-Content-Type-Options: nosniff\r\n' +
        'Content-Type: text/plain; charset=utf-8\r\n' +
        'Content-Length: 20\r\n' +
        '\r\n' +
        'credential required\n',
    );
  });

  it('QP-10: is one well-formed response that no cache keeps, for every refusal', () => {
    for (const code of allRefusalCodes) {
      const refusal = new Refusal(code);
      const [head = '', body = ''] = httpResponse(refusal).split('\r\n\r\n');
      const [statusLine, ...lines] = head.split('\r\n');
      expect(statusLine).toMatch(new RegExp(`^HTTP/1\\.1 ${refusal.httpStatus} [A-Z][A-Za-z -]+$`));
      expect(lines.every((line) => /^[A-Za-z-]+: [\x20-\x7e]+$/.test(line))).toBe(true);
      expect(lines.filter((line) => /^connection: .*close$/i.test(line))).toHaveLength(1);
      expect(lines).toContain('Cache-Control: no-store');
      expect(lines).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
      expect(body).toBe(`${refusal.reason}\n`);
    }
  });

  it('ST-11: never names another place to go', () => {
    for (const code of allRefusalCodes) {
      expect(httpResponse(new Refusal(code))).not.toMatch(/^(?:location|refresh|set-cookie):/im);
    }
  });

  it('ST-06: states when to come back', () => {
    const refusal = new Refusal('ERR_WS_AUTH_UNAVAILABLE', { retryAfterSeconds: 30 });
    expect(httpResponse(refusal)).toContain('\r\nRetry-After: 30\r\n');
    expect(refusalFields(refusal)).toContainEqual(['Retry-After', '30']);
  });

  it('distinguishes responses by their code and by their challenges', () => {
    const challenges = ['Bearer realm="Users"'];
    const first = httpResponse(new Refusal('ERR_WS_AUTH_REVOKED', { challenges }));
    expect(httpResponse(new Refusal('ERR_WS_AUTH_REVOKED', { challenges }))).toBe(first);
    expect(first).toMatch(/\r\n\r\nrevoked\n$/);
    const other = httpResponse(new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED', { challenges }));
    expect(other).toMatch(/\r\n\r\ncredential required\n$/);
    const digest = ['Digest realm="Users", nonce="1"'];
    expect(httpResponse(new Refusal('ERR_WS_AUTH_REVOKED', { challenges: digest }))).toContain(
      `WWW-Authenticate: ${digest[0]}`,
    );
    const later = { challenges, retryAfterSeconds: 9 };
    expect(httpResponse(new Refusal('ERR_WS_AUTH_REVOKED', later))).toContain('Retry-After: 9');
  });

  it('keeps the cause to itself', () => {
    const refusal = new Refusal('ERR_WS_AUTH_STRATEGY_FAILED', { cause: new Error('SECRET') });
    expect(httpResponse(refusal)).not.toContain('SECRET');
    expect(refusalBody(refusal)).toBe('authentication failed\n');
  });
});
