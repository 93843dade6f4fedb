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
    [
      'failed',
      answered('failed', { fault: 'EACCES' }),
      /return the user, or the strategy found no credential/,
    ],
    ['ECONNREFUSED', answered('Error', { fault: 'ECONNREFUSED' }), /cannot be reached/],
    ['JWTExpired', answered('JWTExpired', { fault: 'ERR_JWT_EXPIRED' }), /compare the clocks/],
  ])('K8g: is that of what the last strategy answered: %s', (of, diagnosis, text) => {
    expect(fixOf(diagnosis)).toEqual({ of, text: expect.stringMatching(text) });
  });

  it.each([
    ['Exception', 'UnauthorizedException', /the token itself may be good/],
    ['Exception', 'WsException', /the token itself may be good/],
    ['Error', 'LdapError', /the level error has the stack/],
    ['Error', 'TypeError', /signed cookies need their middleware/],
  ])('K8g: is %s for what the application names %s', (of, answer, text) => {
    expect(fixOf(answered(answer))).toEqual({ of, text: expect.stringMatching(text) });
  });

  it.each([{}, answered('timeout'), answered('constructor'), answered('toString')])(
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
    // What passport-headerapikey and most strategies of its kind report for a request without a key.
    expect(fixOf(answered('BadRequestError'))!.text).toMatch(/found no credential where it looks/);
    expect(fixOf(answered('no-token-found'))!.text).toMatch(/list the extractor/);
  });

  it('K8g: does not ask for the field token where the client has sent it', () => {
    const fix = fixOf({ ...answered('no-token-found'), fields: ['device', 'token'] });
    expect(fix!.text).toMatch(/reads another field than token/);
  });

  it('K8g: names what JSON leaves out of a first message', () => {
    const fix = fixOf({ check: 'no-credential', extractor: 'fromFirstMessage' });
    expect(fix!.text).toMatch(/undefined: send \{"event":"authenticate"/);
  });

  it('K8: names namespaces where Socket.IO is the transport', () => {
    expect(fixOf({ check: 'path' }, 'socket.io')!.text).toMatch(/^no gateway has the namespace/);
  });

  it('K8g: names no first message where the gateway reads none', () => {
    const refused = { check: 'no-credential', extractor: 'fromCookie' } as const;
    expect(fixOf(refused)).toEqual(fixOf({ check: 'no-credential' }));
    expect(fixOf(refused, 'socket.io')).toEqual(fixOf(refused));
    const { text } = fixOf({ ...refused, unread: ['?token'] })!;
    expect(text).toMatch(/fromQueryParam\('token'\).* send the token where the named/);
  });

  it('K13a: is that of the credential that was rejected before, beside the first message', () => {
    const rejected = { extractor: 'fromCookie', ...answered('TokenExpiredError') };
    expect(fixOf({ check: 'event', extractor: 'fromFirstMessage', rejected })).toEqual({
      of: 'rejected TokenExpiredError',
      text: expect.stringMatching(/^renew the token, .*; or send \{"event":"authenticate"/),
    });
    const unknown = { check: 'event', rejected: answered('timeout') } as const;
    expect(fixOf(unknown)).toEqual(fixOf({ check: 'event' }));
  });

  it('K8g: does not take every cookie of a site for the token', () => {
    expect(fixOf({ check: 'event', unread: ['cookie:theme'] })).toEqual(fixOf({ check: 'event' }));
  });

  it.each([
    ['socket.io', 'io(url, { auth: { token } })'],
    ['graphql-ws', 'connectionParams: { token }'],
  ] as const)('K8g: names the options of the client of %s', (transport, option) => {
    expect(fixOf({ check: 'data' }, transport)).toEqual({
      of: `data of ${transport}`,
      text: expect.stringContaining(option),
    });
    for (const diagnosis of [
      { check: 'no-credential', unread: ['?jwt'] },
      { check: 'no-credential', extractor: 'fromFirstMessage' },
      { ...answered('no-token-found'), fields: ['jwt'] },
    ] as const) {
      expect(fixOf(diagnosis, transport)!.text).toContain(option);
    }
    expect(fixOf({ check: 'size' }, transport)).toEqual(fixOf({ check: 'size' }));
  });
});
