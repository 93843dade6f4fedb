import { describe, expect, it } from 'vitest';
import { fixOf } from '../../../lib/protocol/refusal-fix.js';
import { allChecks } from '../support/checks.js';

const answered = (answer: string, more: object = {}) => ({
  strategies: [
    { strategy: 'first', answer: 'passed' },
    { strategy: 'jwt', answer, ...more },
  ],
});

describe('the fix of a refusal', () => {
  it.each(allChecks)('K8g: is one sentence for the check %s, without a full stop', (check) => {
    const fix = fixOf({ check });
    expect(fix).toEqual({
      of: check,
      text: expect.stringMatching(/^[\x21-\x7e][\x20-\x7e]{10,220}[^.]$/),
    });
  });

  it.each([
    ['signature', answered('JsonWebTokenError', { fault: 'signature' }), /another key/],
    ['TokenExpiredError', answered('TokenExpiredError'), /compare the clocks/],
    ['expired', answered('accepted', { check: 'expired' }), /exp counts seconds/],
    ['failed', answered('failed', { fault: 'EACCES' }), /return the user/],
    ['ECONNREFUSED', answered('Error', { fault: 'ECONNREFUSED' }), /cannot be reached/],
    ['JWTExpired', answered('JWTExpired', { fault: 'ERR_JWT_EXPIRED' }), /compare the clocks/],
  ])('K8g: is that of what the last strategy answered: %s', (of, diagnosis, text) => {
    expect(fixOf(diagnosis)).toEqual({ of, text: expect.stringMatching(text) });
  });

  it.each([{}, answered('LdapError'), answered('constructor'), answered('toString')])(
    'K8g: is unknown for %j',
    (diagnosis) => {
      expect(fixOf(diagnosis)).toBeUndefined();
    },
  );

  it.each([
    ['?jwt', '?', "fromQueryParam('jwt')"],
    ['cookie:access_token', 'cookie', "fromCookie('access_token')"],
    ['authorization', 'authorization', 'fromAuthorizationHeader() and send "Bearer "'],
    ['sec-websocket-protocol', 'subprotocol', 'fromSubprotocol()'],
    ['x-access-token', 'header', "fromRequest({ headers: ['x-access-token'] })"],
  ])('K8g: names the extractor of the place %s that was not read', (place, kind, extractor) => {
    const fix = fixOf({ check: 'event', unread: ['cookie:theme', place] });
    expect(fix).toEqual({ of: `unread ${kind}`, text: expect.stringContaining(extractor) });
  });

  it('K8g: is the form of the message where a strategy finds no token in its fields', () => {
    const fix = fixOf({ ...answered('no-token-found'), fields: ['accessToken'] });
    expect(fix!.text).toMatch(/no token in the fields .* send \{"event":"authenticate"/);
    expect(fixOf(answered('no-token-found'))!.text).toMatch(/list the extractor/);
  });

  it('K8g: does not take every cookie of a site for the token', () => {
    expect(fixOf({ check: 'event', unread: ['cookie:theme'] })).toEqual(fixOf({ check: 'event' }));
  });

  it('K8g: names the options of the client where Socket.IO is the transport', () => {
    const of = 'data of socket.io';
    expect(fixOf({ check: 'data' }, '/')).toEqual({ of, text: expect.stringContaining('io(url,') });
    expect(fixOf({ check: 'no-credential', unread: ['?jwt'] }, '/')!.text).toContain('io(url,');
    expect(fixOf({ check: 'size' }, '/')).toEqual(fixOf({ check: 'size' }));
  });
});
