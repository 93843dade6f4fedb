import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Revocations } from '../../../lib/sessions/revocations.js';

const never = Number.MAX_SAFE_INTEGER;
const credential = { userId: 'alice', tokenIds: ['t'], issuedAt: 1_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('revocations', () => {
  it('concern nobody at first', () => {
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
    revocations.revokeUser('alice', 1_000, never);
    expect(revocations.isRevoked({ ...credential, issuedAt })).toBe(revoked);
    expect(revocations.isRevoked({ ...credential, userId: 'bob', issuedAt })).toBe(false);
    expect(revocations.isRevoked({ ...credential, userId: undefined, issuedAt })).toBe(false);
  });

  it('RV-06: of everybody concern everybody', () => {
    const revocations = new Revocations();
    revocations.revokeEverybody(1_000);
    revocations.revokeEverybody(500);
    expect(revocations.isRevoked(credential)).toBe(true);
    expect(revocations.isRevoked({ ...credential, userId: undefined })).toBe(true);
    expect(revocations.isRevoked({ ...credential, issuedAt: 1_001 })).toBe(false);
  });

  it('of a user never move backwards', () => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', 1_000, never);
    revocations.revokeUser('alice', 500, never);
    expect(revocations.isRevoked(credential)).toBe(true);
  });

  it('are not forgotten earlier because of a later one', () => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', 1_000, Date.now() + 60_000);
    revocations.revokeToken('t', Date.now() + 60_000);
    revocations.revokeUser('alice', 1_000, Date.now() + 1_000);
    revocations.revokeToken('t', Date.now() + 1_000);
    vi.setSystemTime(Date.now() + 5_000);
    revocations.revokeToken('other', never);
    expect(revocations.isRevoked({ ...credential, tokenIds: [] })).toBe(true);
    expect(revocations.isRevoked({ ...credential, userId: undefined })).toBe(true);
  });

  it('are forgotten when what they concern has expired', () => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', 1_000, Date.now() + 1_000);
    revocations.revokeToken('t', Date.now() + 1_000);
    expect(revocations.size).toBe(2);
    vi.setSystemTime(Date.now() + 2_000);
    revocations.revokeToken('other', never);
    expect(revocations.size).toBe(1);
    expect(revocations.isRevoked(credential)).toBe(false);
  });

  it.each([Number.NaN, undefined])('RV-08: are not switched off by the instant %s', (before) => {
    const revocations = new Revocations();
    revocations.revokeUser('alice', 1_000, never);
    revocations.revokeEverybody(before as number);
    revocations.revokeUser('alice', before as number, never);
    expect(revocations.isRevoked(credential)).toBe(true);
  });
});
