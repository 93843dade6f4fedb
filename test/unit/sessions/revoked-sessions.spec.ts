import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeState } from '../../../lib/module/node-state.js';
import { moduleSettings } from '../../../lib/module/module-settings.js';
import { anonymousProof, type Proof } from '../../../lib/sessions/proof.js';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import type { RevocationTarget } from '../../../lib/sessions/revocation-target.js';
import { ClusterSessions } from '../../../lib/sessions/cluster-sessions.js';
import { WsAuthHealth } from '../../../lib/cluster/ws-auth-health.service.js';
import { WsAuthSession } from '../../../lib/sessions/session.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import type { StoredRevocation } from '../../../lib/store/ws-auth-store.js';
import { FakeSession, NodeSessions, named, sessionOf } from './live-session-fakes.js';
import { dayMs, minuteMs } from '../../support/clocks.js';
import { settle } from '../../support/turns.js';

/** A store that can be unreachable for what nodes publish. */
class PartedStore extends MemoryWsAuthStore {
  readonly told: StoredRevocation[] = [];
  isParted = false;

  override addRevocation(revocation: StoredRevocation): Promise<void> {
    if (this.isParted) {
      return Promise.reject(new Error('out of reach'));
    }
    this.told.push(revocation);
    return super.addRevocation(revocation);
  }
}

let store: PartedStore;
let nodes: readonly NodeState[];
let sessionsOfNode: readonly NodeSessions[];

beforeEach(async () => {
  store = new PartedStore();
  sessionsOfNode = [new NodeSessions(), new NodeSessions()];
  nodes = sessionsOfNode.map(
    (sessions) =>
      new NodeState(
        moduleSettings({ store }),
        sessions.live,
        sessions.ledger,
        new WsAuthHealth(),
        new ClusterSessions(),
      ),
  );
  await Promise.all(nodes.map((node) => node.onModuleInit()));
});

afterEach(() => Promise.all(nodes.map((node) => node.onApplicationShutdown())));

const silent = { announceLeaving: () => undefined, leave: () => undefined };

function begin(sessions: NodeSessions, userId: string | undefined, proof: Partial<Proof>): string {
  const live: LiveSession = {
    session: sessionOf(userId),
    proof: { ...anonymousProof, ...proof },
    ...silent,
    end: () => sessions.live.delete(live),
    refresh: () => live.session,
  };
  sessions.live.add(live);
  return live.session.id;
}

describe('the token of a revoked session', () => {
  it('is refused on every node once a revocation that had failed is tried again', async () => {
    const [first] = sessionsOfNode;
    const sessionId = begin(first!, 'alice', { ...named('one') });
    store.isParted = true;
    await expect(first!.revoke({ sessionId })).rejects.toThrow('out of reach');
    expect(first!.get(sessionId)).toBeUndefined();
    store.isParted = false;
    await first!.revoke({ sessionId });
    expect(await store.isRevoked({ tokenId: 'one', issuedAt: Date.now() })).toBe(true);
    const told = store.told.length;
    await first!.revoke({ sessionId });
    expect(store.told.slice(told).map(({ kind }) => kind)).toEqual(['session']);
  });

  it('is refused for as long as its exp allows, wherever the session is', async () => {
    const [first, second] = sessionsOfNode;
    const exp = Math.floor(Date.now() / 1_000) + 7 * 86_400;
    const here = begin(first!, 'alice', { ...named('one'), exp });
    const elsewhere = begin(second!, 'bob', { ...named('two'), exp });
    await first!.revoke({ sessionId: here });
    await first!.revoke({ sessionId: elsewhere });
    await settle();
    const told = store.told.filter(({ kind }) => kind === 'token');
    expect(told.map(({ id }) => id)).toEqual(['one', 'two']);
    for (const { rememberMs } of told) {
      expect(rememberMs).toBeGreaterThan(6.9 * dayMs);
    }
  });

  it('is refused also if the user has no key, and the session is of another node', async () => {
    const [first, second] = sessionsOfNode;
    const sessionId = begin(second!, undefined, { ...named('one') });
    await first!.revoke({ sessionId });
    await settle();
    expect(second!.count()).toBe(0);
    expect(await store.isRevoked({ tokenId: 'one' })).toBe(true);
  });
});

describe('the target of a revocation', () => {
  const objectId = { toHexString: () => 'alice', toString: () => 'alice' };

  it.each<[string, RevocationTarget]>([
    ['text', { userId: 'alice' }],
    ['object with a text of its own', { userId: objectId }],
    ['key beside fields that are undefined', { userId: 'alice', sessionId: undefined }],
    ['key and time of issue', { userId: objectId, issuedBefore: Date.now() + 1_000 }],
  ])('K2a: is the user of a %s', async (_what, target) => {
    const [first] = sessionsOfNode;
    begin(first!, 'alice', named('one'));
    begin(first!, 'bob', named('two'));
    expect(first!.ofUser(objectId)).toHaveLength(1);
    expect(await first!.revoke(target)).toBe(1);
    expect(first!.ofUser(objectId)).toEqual([]);
    expect(first!.ofUser('bob')).toHaveLength(1);
    const told = store.told.map(({ kind, id }) => [kind, id]);
    expect(told).toEqual([
      ['user', 'alice'],
      ['token', 'one'],
    ]);
  });

  it.each([
    undefined,
    null,
    '',
    ' ',
    {},
    [],
    Number.NaN,
    new Date(),
    true,
    Promise.resolve('alice'),
  ])('K2a: is never a user by the key %o', async (userId) => {
    const [first] = sessionsOfNode;
    begin(first!, 'alice', named('one'));
    begin(first!, undefined, named('two'));
    const target = { userId } as never;
    const refused = { code: 'ERR_WS_AUTH_REVOCATION' };
    await expect(first!.revoke(target)).rejects.toMatchObject(refused);
    expect(() => first!.disconnect(target)).toThrow(expect.objectContaining(refused));
    expect(first!.ofUser(userId as never)).toEqual([]);
    expect(first!.count()).toBe(2);
    expect(store.told).toEqual([]);
  });

  it.each([
    {},
    { issuedBefore: Number.NaN },
    { userId: 'alice', tokenId: 'one' },
    { userId: 'alice', issuedBefore: Number.NaN },
    { sessionId: 7 },
    { tokenId: '' },
  ])('is refused as %o', async (target) => {
    const [first] = sessionsOfNode;
    begin(first!, 'alice', named('one'));
    await expect(first!.revoke(target as never)).rejects.toThrow('a revocation names one user');
    expect(first!.count()).toBe(1);
  });

  it('K2a: closes the sockets of a user by a key that is not a text', () => {
    const [first] = sessionsOfNode;
    begin(first!, '7', {});
    expect(first!.disconnect({ userId: 7n })).toBe(1);
  });
});

describe('a revocation', () => {
  it.each([Number.NaN, -1, null, '60000'])('is refused that is to be kept for %o', async (time) => {
    const [first] = sessionsOfNode;
    begin(first!, 'alice', { ...named('one') });
    const revoked = first!.revoke({ userId: 'alice' }, { rememberMs: time as number });
    await expect(revoked).rejects.toMatchObject({ code: 'ERR_WS_AUTH_REVOCATION' });
    expect(first!.count()).toBe(1);
    expect(store.told).toEqual([]);
  });
});

/** Issued by a clock that is ahead. */
function ahead(tokenId: string): Partial<Proof> {
  return { ...named(tokenId), issuedAt: Date.now() + minuteMs };
}

function isRefused(tokenId: string): Promise<boolean> {
  return store.isRevoked({ tokenId, issuedAt: Number.MAX_VALUE });
}

describe('K4a: the tokens of sessions that a revocation ends', () => {
  it.each<[string, () => RevocationTarget]>([
    ['user', () => ({ userId: 'alice' })],
    ['user and issue', () => ({ userId: 'alice', issuedBefore: Date.now() })],
    ['issue', () => ({ issuedBefore: Date.now() })],
  ])('are refused on every node, by %s', async (_by, targetOf) => {
    const [first, second] = sessionsOfNode;
    begin(first!, 'alice', ahead('here'));
    begin(second!, 'alice', ahead('there'));
    await first!.revoke(targetOf());
    await settle();
    expect([first!.count(), second!.count()]).toEqual([0, 0]);
    expect([await isRefused('here'), await isRefused('there')]).toEqual([true, true]);
  });

  it('are all of them, also that of a session that stays open', async () => {
    const [first] = sessionsOfNode;
    begin(first!, 'alice', {
      ...ahead('one'),
      tokenIds: ['one', 'two'],
      ownTokenIds: ['one', 'two'],
    });
    const exceptSessionId = begin(first!, 'alice', ahead('kept'));
    const bystander = begin(first!, 'bob', ahead('other'));
    expect(await first!.revoke({ userId: 'alice' }, { exceptSessionId })).toBe(1);
    const refused = await Promise.all(['one', 'two', 'kept', 'other'].map(isRefused));
    expect(refused).toEqual([true, true, true, false]);
    expect(first!.get(exceptSessionId) && first!.get(bystander)).toBeDefined();
  });

  it('end other sessions that stand on the same token, and count among those that were closed', async () => {
    const [first, second] = sessionsOfNode;
    const sessionId = begin(first!, 'alice', ahead('shared'));
    begin(first!, undefined, ahead('shared'));
    begin(second!, 'alice', ahead('shared'));
    expect(await first!.revoke({ sessionId })).toBe(2);
    await settle();
    expect(second!.count()).toBe(0);
  });

  it('K10a: are not those that a client may have made up', async () => {
    const [first] = sessionsOfNode;
    const proof = { tokenIds: ['digest', 'of the victim'], ownTokenIds: ['digest'] };
    const sessionId = begin(first!, 'mallory', proof);
    await first!.revoke({ sessionId });
    expect(await isRefused('of the victim')).toBe(false);
    begin(first!, 'mallory', proof);
    expect(await first!.revoke({ tokenId: 'of the victim' })).toBe(1);
  });

  it('are not named one by one where the revocation of all users covers them', async () => {
    const [first] = sessionsOfNode;
    begin(first!, 'alice', { ...named('old'), issuedAt: Date.now() - minuteMs });
    begin(first!, 'bob', named('of unknown age'));
    begin(first!, 'carol', ahead('young'));
    await first!.revoke({ issuedBefore: Date.now() });
    expect(store.told.map(({ kind, id }) => [kind, id])).toEqual([
      ['everybody', ''],
      ['token', 'young'],
    ]);
  });

  it('are published once, however often a revocation is read', async () => {
    const [first] = sessionsOfNode;
    const exceptSessionId = begin(first!, 'alice', ahead('kept'));
    await first!.revoke({ userId: 'alice' }, { exceptSessionId });
    const [revocation] = store.told;
    for (let times = 0; times < 3; times += 1) {
      first!.ledger.apply(revocation!);
      await first!.ledger.publishTokens();
    }
    await settle();
    expect(store.told.map(({ kind }) => kind)).toEqual(['user', 'token']);
  });

  it('are published by the next reading where that has failed', async () => {
    const [first, second] = sessionsOfNode;
    begin(first!, 'alice', ahead('one'));
    store.isParted = true;
    await expect(first!.revoke({ userId: 'alice' })).rejects.toThrow('out of reach');
    store.isParted = false;
    await second!.revoke({ userId: 'bob' });
    await settle();
    expect(await isRefused('one')).toBe(true);
  });

  it('concern a session that was being opened meanwhile', async () => {
    const [first] = sessionsOfNode;
    const authenticatedAt = Date.now() - 1;
    await first!.revoke({ userId: 'alice' });
    const session = new WsAuthSession({
      user: {},
      userId: 'alice',
      info: undefined,
      strategy: 'jwt',
      extractor: 'fromAuthorizationHeader',
      transport: 'ws',
      authenticatedAt,
      expiresAt: undefined,
    });
    const live = { session, proof: { ...anonymousProof, ...ahead('one') } };
    first!.live.add({ ...live, ...silent, end: () => undefined, refresh: () => session });
    expect(first!.ledger.isRevoked(live)).toBe(true);
  });

  it('K4a: is refused on every node if it was only being judged when the user was revoked', async () => {
    const [first] = sessionsOfNode;
    const presentedAt = Date.now() - 1;
    await first!.revoke({ userId: 'alice' });
    const candidate = {
      session: sessionOf('alice'),
      proof: { ...anonymousProof, ...ahead('one') },
      presentedAt,
    };
    store.isParted = true;
    expect(first!.ledger.isRevoked(candidate)).toBe(true);
    await settle();
    store.isParted = false;
    await first!.ledger.publishTokens();
    expect(await isRefused('one')).toBe(true);
  });

  it('K4a: is refused on every node if it opened no session, since its client had left', async () => {
    const [first] = sessionsOfNode;
    const presentedAt = Date.now() - 1;
    await first!.revoke({ userId: 'alice' });
    const proof = { ...anonymousProof, ...ahead('one') };
    first!.ledger.noteUnused({ session: sessionOf('alice'), proof, presentedAt });
    await settle();
    expect(await isRefused('one')).toBe(true);
  });
});

function issued(issuedAt: number): Pick<LiveSession, 'session' | 'proof'> {
  return {
    session: { userId: 'alice' } as WsAuthSession,
    proof: { ...anonymousProof, ...named('new'), issuedAt },
  };
}

describe('K4b: a clock of an issuer that is behind', () => {
  it.each([
    [undefined, 0, 3_000],
    [5_000, 5_000, 5_000],
  ])('is tolerated by %s ms', async (clockToleranceMs, tolerated, behind) => {
    const sessions = new NodeSessions();
    const options = clockToleranceMs === undefined ? {} : { clockToleranceMs };
    const node = new NodeState(
      moduleSettings({ store, ...options }),
      sessions.live,
      sessions.ledger,
      new WsAuthHealth(),
      new ClusterSessions(),
    );
    await node.onModuleInit();
    const now = Date.now();
    await sessions.revoke({ userId: 'alice', issuedBefore: now });
    const young = issued(now + 1 - tolerated);
    const old = issued(now - behind);
    expect([sessions.ledger.isRevoked(young), sessions.ledger.isRevoked(old)]).toEqual([
      false,
      true,
    ]);
    const asked = [young, old].map((each) => store.isRevoked(sessions.ledger.questionAbout(each)));
    expect(await Promise.all(asked)).toEqual([false, true]);
    await node.onApplicationShutdown();
  });

  it.each([-1, 60_001, 0.5, Number.NaN, '5000'])('is not tolerated by %o', (clockToleranceMs) => {
    expect(() => moduleSettings({ clockToleranceMs })).toThrow(
      /^clockToleranceMs: expected a whole number from 0 to 60000/,
    );
  });
});

it('D5: a revocation is not published with the clock of a node if the store does not answer', async () => {
  const timeless = Object.assign(store, { now: () => Promise.reject(new Error('no answer')) });
  const [here] = sessionsOfNode;
  const live = new FakeSession(here!, 'alice', named('t1'));
  await expect(here!.revoke({ userId: 'alice' })).rejects.toThrow('no answer');
  expect(live.endings).toEqual([{ why: 'revoked' }]);
  expect(timeless.told.filter(({ kind }) => kind === 'user')).toEqual([]);
});
