import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Revocations } from '../../../lib/sessions/revocations.js';
import { hourMs, restoreClocks, useAllFakeClocks, useFakeClock } from '../../support/clocks.js';

const never = Number.MAX_SAFE_INTEGER;
const credential = { userId: 'alice', tokenIds: ['t'], issuedAt: 1_000 };

beforeEach(() => useAllFakeClocks(1_000_000));
restoreClocks();

/** Accepted now, with a token of the future. */
const accepted = () => ({
  ...credential,
  issuedAt: 5_000,
  acceptedAt: Date.now(),
  acceptedTick: performance.now(),
});

describe('revocations', () => {
  it('concern no user at first', () => {
    expect(new Revocations().isRevoked(credential)).toBe(false);
    expect(
      new Revocations().isRevoked({ userId: undefined, tokenIds: [], issuedAt: undefined }),
    ).toBe(false);
  });

  it('RV-01: of a token concern it alone', () => {
    const revocations = new Revocations();
    revocations.revokeToken('t', never);
    expect(revocations.isRevoked(credential)).toBe(true);
    expect(revocations.isRevoked({ ...credential, tokenIds: ['u'] })).toBe(false);
    expect(revocations.isRevoked({ ...credential, tokenIds: [] })).toBe(false);
  });

  it.each([
    [999, true],
    [1_000, true],
    [1_001, false],
    [undefined, true],
  ])('RV-06: of a user concern what was issued at %s: %s', (issuedAt, revoked) => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', { before: 1_000 }, never);
    expect(revocations.isRevoked({ ...credential, issuedAt })).toBe(revoked);
    expect(revocations.isRevoked({ ...credential, userId: 'bob', issuedAt })).toBe(false);
    expect(revocations.isRevoked({ ...credential, userId: undefined, issuedAt })).toBe(false);
  });

  it('RV-06: of all users concern every user', () => {
    const revocations = new Revocations();
    revocations.revokeEverybody(1_000);
    revocations.revokeEverybody(500);
    expect(revocations.isRevoked(credential)).toBe(true);
    expect(revocations.isRevoked({ ...credential, userId: undefined })).toBe(true);
    expect(revocations.isRevoked({ ...credential, issuedAt: 1_001 })).toBe(false);
  });

  it.each([
    ['after it was accepted', 1_000, 1_001, true],
    ['in the same millisecond', 1_000, 1_000, false],
    ['before it was accepted', 1_000, 999, false],
  ])(
    'K4a: of which a node learns %s concern a token of the future: %s, %s',
    (_when, acceptedAt, heardAt, revoked) => {
      vi.setSystemTime(heardAt);
      const future = { ...credential, issuedAt: 5_000, acceptedAt };
      const ofUser = new Revocations();
      ofUser.revokeUser('alice', { before: 1_000 }, never);
      expect(ofUser.isRevoked(future)).toBe(revoked);
      const ofEverybody = new Revocations();
      ofEverybody.revokeEverybody(1_000);
      expect(ofEverybody.isRevoked(future)).toBe(revoked);
    },
  );

  it('K4a: of the same millisecond concern what was accepted before, and nothing else', () => {
    useFakeClock(1_000);
    const revocations = new Revocations();
    const before = accepted();
    revocations.revokeUser('alice', { before: 1_000 }, never);
    expect(revocations.isRevoked(before)).toBe(true);
    expect(revocations.isRevoked(accepted())).toBe(false);
  });

  it('of a user never move backwards', () => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', { before: 1_000 }, never);
    revocations.revokeUser('alice', { before: 500 }, never);
    expect(revocations.isRevoked(credential)).toBe(true);
  });

  it('are not forgotten earlier because of a later one', () => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', { before: 1_000 }, 60_000);
    revocations.revokeToken('t', 60_000);
    revocations.revokeUser('alice', { before: 1_000 }, 1_000);
    revocations.revokeToken('t', 1_000);
    vi.advanceTimersByTime(5_000);
    revocations.revokeToken('other', never);
    expect(revocations.isRevoked({ ...credential, tokenIds: [] })).toBe(true);
    expect(revocations.isRevoked({ ...credential, userId: undefined })).toBe(true);
  });

  it('are forgotten when what they concern has expired', () => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', { before: 1_000 }, 1_000);
    revocations.revokeToken('t', 1_000);
    expect(revocations.size).toBe(2);
    vi.advanceTimersByTime(2_000);
    revocations.revokeToken('other', never);
    expect(revocations.size).toBe(1);
    expect(revocations.isRevoked(credential)).toBe(false);
  });

  it.each([2 * hourMs, -2 * hourMs])(
    'are not forgotten because the wall clock is set by %i ms, for a while or for good',
    (byMs) => {
      const revocations = new Revocations();
      revocations.revokeUser('alice', { before: 1_000 }, hourMs);
      revocations.revokeToken('t', hourMs);
      const isRevoked = () =>
        [{ tokenIds: [] }, { userId: undefined }].map((part) =>
          revocations.isRevoked({ ...credential, ...part }),
        );
      vi.advanceTimersByTime(2_000);
      vi.setSystemTime(Date.now() + byMs);
      revocations.revokeToken('other', never);
      expect(isRevoked()).toEqual([true, true]);
      vi.setSystemTime(Date.now() - byMs);
      expect(isRevoked()).toEqual([true, true]);
    },
  );

  it.each([Number.NaN, undefined])('RV-08: are not switched off by the instant %s', (before) => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', { before: 1_000 }, never);
    revocations.revokeEverybody(before as number);
    revocations.revokeUser('alice', { before: before as number }, never);
    expect(revocations.isRevoked(credential)).toBe(true);
  });
});
