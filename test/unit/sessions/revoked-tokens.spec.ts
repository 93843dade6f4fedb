import { describe, expect, it } from 'vitest';
import { revocationsOfAll } from '../../../lib/sessions/revocation-target.js';
import type { StoredRevocation, WsAuthStore } from '../../../lib/store/ws-auth-store.js';
import { FakeSession, NodeSessions, named } from './live-session-fakes.js';
import { turns } from '../../support/turns.js';

const count = 5_000;

function crowd(sessions: NodeSessions): FakeSession[] {
  return Array.from(
    { length: count },
    (_none, index) =>
      new FakeSession(sessions, `user ${index}`, { ...named(`token ${index}`), issuedAt: 1_000 }),
  );
}

const revocation: Omit<StoredRevocation, 'kind' | 'id'> = { before: 2_000, rememberMs: 60_000 };

/** Ways to end one session of many. */
const targets: readonly [string, (of: FakeSession) => StoredRevocation][] = [
  ['token', ({ proof }) => ({ ...revocation, kind: 'token', id: proof.tokenIds[0]! })],
  ['user', ({ session }) => ({ ...revocation, kind: 'user', id: session.userId! })],
  ['session', ({ session }) => ({ ...revocation, kind: 'session', id: session.id })],
  ['place', ({ session }) => ({ ...revocation, kind: 'replaced', id: session.id })],
];

describe.each(targets)('a revocation by %s', (_kind, revocationOf) => {
  it('D3: looks only at the sessions that it concerns', () => {
    const sessions = new NodeSessions();
    const all = crowd(sessions);
    const [revoked] = all.splice(1_234, 1);
    expect(sessions.ledger.apply(revocationOf(revoked!))).toBe(1);
    expect(revoked!.endings).toHaveLength(1);
    expect(all.filter(({ looks }) => looks > 0)).toEqual([]);
    expect(sessions.count()).toBe(count - 1);
  });

  it('D3: ends nothing when it is applied again', () => {
    const sessions = new NodeSessions();
    const revoked = new FakeSession(sessions, 'alice', { ...named('one'), issuedAt: 1_000 });
    const stored = revocationOf(revoked);
    expect([sessions.ledger.apply(stored), sessions.ledger.apply(stored)]).toEqual([1, 0]);
    expect(revoked.endings).toHaveLength(1);
  });
});

describe('a revocation by token', () => {
  it('D3: ends all sessions that stand on the token, of any user, and spares the one it excepts', async () => {
    const sessions = new NodeSessions();
    const [first, second, spared] = ['alice', 'bob', undefined].map(
      (userId) => new FakeSession(sessions, userId, named('shared')),
    );
    const { id } = spared!.session;
    expect(await sessions.revoke({ tokenId: 'shared' }, { exceptSessionId: id })).toBe(2);
    expect([first, second, spared].map((each) => each!.endings.length)).toEqual([1, 1, 0]);
  });

  it('D3: finds a renewed session by its present token, and no longer by the former one', async () => {
    const sessions = new NodeSessions();
    const renewed = new FakeSession(sessions, 'alice', named('first'));
    const other = new FakeSession(sessions, 'alice', named('first'));
    renewed.renewTo(named('second'));
    expect(await sessions.revoke({ tokenId: 'first' })).toBe(1);
    expect([renewed.endings.length, other.endings.length]).toEqual([0, 1]);
    expect(await sessions.revoke({ tokenId: 'second' })).toBe(1);
    expect(sessions.count()).toBe(0);
  });

  it('D3: finds a session that gains or loses its token by a renewal', async () => {
    const sessions = new NodeSessions();
    const gaining = new FakeSession(sessions, 'alice', {});
    gaining.renewTo(named('gained'));
    const losing = new FakeSession(sessions, 'bob', named('lost'));
    losing.renewTo(named());
    expect(await sessions.revoke({ tokenId: 'lost' })).toBe(0);
    expect(await sessions.revoke({ tokenId: 'gained' })).toBe(1);
  });

  it('D3: does not find a session that has ended, also one that is renewed afterwards', async () => {
    const sessions = new NodeSessions();
    const ended = new FakeSession(sessions, 'alice', named('one'));
    ended.end({ why: 'disconnected' });
    ended.renewTo(named('two'));
    expect(await sessions.revoke({ tokenId: 'one' })).toBe(0);
    expect(await sessions.revoke({ tokenId: 'two' })).toBe(0);
  });
});

describe('a revocation by user', () => {
  it('D3: names a token once, however many sessions stand on it, until the last of its ends', () => {
    const sessions = new NodeSessions();
    const ends = [0, Date.now() / 1_000 + 500, 100];
    const all = ends.map((exp) => new FakeSession(sessions, 'alice', { ...named('shared'), exp }));
    const other = new FakeSession(sessions, 'alice', named('other'));
    const ofUser: StoredRevocation = { ...revocation, kind: 'user', id: 'alice' };
    const [ofShared, ofOther, ...more] = revocationsOfAll(ofUser, [...all, other], 0);
    expect([ofShared, ofOther]).toMatchObject([{ id: 'shared' }, { id: 'other' }]);
    expect(ofShared!.rememberMs).toBeGreaterThan(400_000);
    expect(more).toEqual([]);
    expect(sessions.ledger.apply(ofUser)).toBe(all.length + 1);
  });

  it('D3: publishes each token once, also where many users are revoked at the same time', async () => {
    const sessions = new NodeSessions();
    const published: string[] = [];
    const addRevocation = async ({ kind, id }: StoredRevocation) => {
      await turns(1);
      published.push(`${kind} ${id}`);
    };
    sessions.ledger.shareThrough({ addRevocation } as unknown as WsAuthStore, 0);
    const users = Array.from({ length: 30 }, (_none, index) => `user ${index}`);
    users.forEach((userId) => new FakeSession(sessions, userId, named(`token of ${userId}`)));
    await Promise.all(users.map((userId) => sessions.revoke({ userId })));
    const expected = users.flatMap((userId) => [`user ${userId}`, `token token of ${userId}`]);
    expect(published.toSorted()).toEqual(expected.toSorted());
  });

  it('D3: has every call that publishes with another one see that it fails, and the next one try again', async () => {
    const sessions = new NodeSessions();
    let isDown = true;
    const published: string[] = [];
    const addRevocation = async ({ kind, id }: StoredRevocation) => {
      await turns(1);
      if (isDown && kind === 'token') {
        throw new Error('down');
      }
      published.push(id);
    };
    sessions.ledger.shareThrough({ addRevocation } as unknown as WsAuthStore, 0);
    const users = ['alice', 'bob', 'carol'];
    users.forEach((userId) => new FakeSession(sessions, userId, named(`token of ${userId}`)));
    const revoked = await Promise.allSettled(users.map((userId) => sessions.revoke({ userId })));
    expect(revoked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    isDown = false;
    await sessions.ledger.publishTokens();
    expect(published).toEqual([...users, ...users.map((userId) => `token of ${userId}`)]);
  });
});
