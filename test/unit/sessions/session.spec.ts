import { describe, expect, it } from 'vitest';
import { WsAuthNoSessionError } from '../../../lib/errors/ws-auth.error.js';
import { sessionOf, setSession, userOf } from '../../../lib/sessions/client-session.js';
import { WsAuthSession, type SessionFacts } from '../../../lib/sessions/session.js';

const facts: SessionFacts = {
  user: { id: 'a' },
  userId: 'a',
  info: 'info',
  strategy: 'jwt',
  extractor: 'fromQueryParam',
  transport: 'ws',
  authenticatedAt: 1,
  expiresAt: 2,
};

describe('a session', () => {
  it('holds what it is made of, and an id that cannot be guessed', () => {
    const session = new WsAuthSession(facts);
    expect(session).toMatchObject({ ...facts, anonymous: false });
    expect(session.id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(new WsAuthSession(facts).id).not.toBe(session.id);
  });

  it('MS-02: cannot be changed', () => {
    const session = new WsAuthSession(facts);
    expect(Object.isFrozen(session)).toBe(true);
    expect(() => Object.assign(session, { user: { id: 'admin' } })).toThrow(TypeError);
    expect(session.user).toEqual({ id: 'a' });
  });

  it.each([
    [null, true],
    [{}, false],
  ])('FM-23: with the user %o is anonymous: %s', (user, anonymous) => {
    expect(new WsAuthSession({ ...facts, user }).anonymous).toBe(anonymous);
  });

  it('RA-01: keeps its name when it is renewed', () => {
    const session = new WsAuthSession(facts);
    const renewed = session.with({ expiresAt: 3 });
    expect(renewed).toMatchObject({ ...facts, id: session.id, expiresAt: 3 });
    expect(session.expiresAt).toBe(2);
  });
});

describe('the session of a client', () => {
  it('MS-02: is found by the client itself, whatever is written on it', () => {
    const client = { user: { id: 'admin' } };
    const session = new WsAuthSession(facts);
    setSession(client, session);
    expect(sessionOf(client)).toBe(session);
    expect(userOf(client)).toBe(session.user);
    expect(sessionOf({ ...client })).toBeUndefined();
  });

  it('has no user without a session, and reports it', () => {
    const client = { user: { id: 'admin' } };
    expect(sessionOf(client)).toBeUndefined();
    expect(() => userOf(client)).toThrow(WsAuthNoSessionError);
    expect(() => userOf(client)).toThrow(
      expect.objectContaining({
        code: 'ERR_WS_AUTH_NO_SESSION',
        message: expect.stringMatching(
          /^userOf\(\): the client has no session; ask sessionOf\(client\)/,
        ),
        httpStatus: 401,
        closeCode: 3000,
        name: 'WsAuthNoSessionError',
      }),
    );
  });

  it('FM-23: is null for an anonymous client, which is not the same as no session', () => {
    const client = {};
    setSession(client, new WsAuthSession({ ...facts, user: null }));
    expect(userOf(client)).toBeNull();
  });
});
