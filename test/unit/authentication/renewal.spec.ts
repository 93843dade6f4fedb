import { describe, expect, it } from 'vitest';
import type { Authenticated } from '../../../lib/authentication/authenticated.js';
import { renew } from '../../../lib/authentication/renewal.js';
import { anonymousProof, type Proof } from '../../../lib/sessions/proof.js';
import { WsAuthSession } from '../../../lib/sessions/session.js';

function authenticated(userId: string | undefined, proof: Partial<Proof> = {}): Authenticated {
  const session = new WsAuthSession({
    user: { id: userId },
    userId,
    info: undefined,
    strategy: 'jwt',
    extractor: 'fromFirstMessage',
    transport: 'ws',
    authenticatedAt: 1,
    expiresAt: undefined,
  });
  return { session, proof: { ...anonymousProof, ...proof } };
}

describe('renew', () => {
  it.each<[string, Authenticated, Authenticated]>([
    ['another user', authenticated('a'), authenticated('b')],
    ['a user without a key', authenticated('a'), authenticated(undefined)],
    ['one user without a key by another', authenticated(undefined), authenticated(undefined)],
    ['another issuer', authenticated('a', { issuer: 'x' }), authenticated('a', { issuer: 'y' })],
  ])('RA-02: refuses %s with 3003', (_what, current, next) => {
    expect(renew(current, next)).toMatchObject({
      code: 'ERR_WS_AUTH_OTHER_USER',
      httpStatus: 403,
      closeCode: 3003,
    });
  });

  it('K4a: knows when the newer credential was presented, so that a revocation since then concerns it', () => {
    const next = { ...authenticated('a'), presentedAt: 7, presentedTick: 8 };
    expect(renew(authenticated('a'), next)).toMatchObject({ presentedAt: 7, presentedTick: 8 });
  });

  it('RA-05: keeps what was presented, or declared, after the credential', () => {
    const current = { ...authenticated('a'), presentedTick: 2 };
    expect(renew(current, { ...authenticated('a'), presentedTick: 1 })).toBe(current);
    expect(renew(current, { ...authenticated('a'), presentedTick: 2 })).not.toBe(current);
  });

  it.each<[string, Partial<Proof>, Partial<Proof>]>([
    ['a later token', { issuedAt: 1 }, { issuedAt: 2 }],
    ['a token of the same instant', { issuedAt: 1 }, { issuedAt: 1 }],
    ['a token without a time', { issuedAt: 1 }, {}],
    ['a token after one without a time', {}, { issuedAt: 1 }],
    ['a token that names its issuer', {}, { issuer: 'x' }],
    ['a token that does not', { issuer: 'x' }, {}],
  ])('RA-01: takes %s, and keeps the name of the session', (_what, before, after) => {
    const current = authenticated('a', before);
    const next = authenticated('a', after);
    expect(renew(current, next)).toMatchObject({
      session: { id: current.session.id, user: next.session.user },
      proof: next.proof,
    });
  });

  it('K4a: keeps the names of the tokens before, a few of them, for a revocation of the session', () => {
    let current = authenticated('a', { tokenIds: ['0'], ownTokenIds: ['0'] });
    const seen: (readonly string[])[] = [];
    for (const id of ['1', '1', '2', '3', '4', '5', '6']) {
      const next = renew(current, authenticated('a', { tokenIds: [id], ownTokenIds: [id] }));
      current = next as Authenticated;
      expect(current.proof.tokenIds).toEqual([id]);
      seen.push(current.proof.ownTokenIds);
    }
    expect(seen.slice(0, 3)).toEqual([
      ['1', '0'],
      ['1', '0'],
      ['2', '1', '0'],
    ]);
    expect(seen.at(-1)).toEqual(['6', '5', '4', '3', '2']);
  });

  it('RA-05: lets an older token that arrives later change nothing', () => {
    const current = authenticated('a', { issuedAt: 2 });
    expect(renew(current, authenticated('a', { issuedAt: 1 }))).toBe(current);
  });
});
