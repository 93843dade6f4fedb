import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommonStore } from '../../../lib/module/common-store.js';
import { moduleSettings } from '../../../lib/module/module-settings.js';
import { anonymousProof, type Proof } from '../../../lib/sessions/proof.js';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import type { RevocationTarget } from '../../../lib/sessions/revocation-target.js';
import { WsAuthHealth } from '../../../lib/sessions/ws-auth-health.service.js';
import { WsAuthSession } from '../../../lib/sessions/session.js';
import { WsAuthSessions } from '../../../lib/sessions/ws-auth-sessions.service.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import type { StoredRevocation } from '../../../lib/store/ws-auth-store.js';
import { everythingDue } from '../support/settling.js';
import { named } from './live-session-fakes.js';

const dayMs = 86_400_000;

/** A store that can be out of reach for what nodes say. */
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
let nodes: readonly CommonStore[];
let sessionsOfNode: readonly WsAuthSessions[];

beforeEach(async () => {
  store = new PartedStore();
  sessionsOfNode = [new WsAuthSessions(), new WsAuthSessions()];
  nodes = sessionsOfNode.map(
    (sessions) => new CommonStore(moduleSettings({ store }), sessions, new WsAuthHealth()),
  );
  await Promise.all(nodes.map((node) => node.onModuleInit()));
});

afterEach(() => Promise.all(nodes.map((node) => node.onApplicationShutdown())));

function begin(
  sessions: WsAuthSessions,
  userId: string | undefined,
  proof: Partial<Proof>,
): string {
  const live: LiveSession = {
    session: new WsAuthSession({
      user: {},
      userId,
      info: undefined,
      strategy: 'jwt',
      transport: 'fromAuthorizationHeader',
      authenticatedAt: Date.now(),
      expiresAt: undefined,
    }),
    proof: { ...anonymousProof, ...proof },
    end: () => sessions.unregister(live),
    refresh: () => live.session,
  };
  sessions.register(live);
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

  it('is refused for as long as it says that it lives, wherever the session is', async () => {
    const [first, second] = sessionsOfNode;
    const exp = Math.floor(Date.now() / 1_000) + 7 * 86_400;
    const here = begin(first!, 'alice', { ...named('one'), exp });
    const elsewhere = begin(second!, 'bob', { ...named('two'), exp });
    await first!.revoke({ sessionId: here });
    await first!.revoke({ sessionId: elsewhere });
    await everythingDue();
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
    await everythingDue();
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
    expect(store.told.map(({ kind, id }) => [kind, id])).toEqual([['user', 'alice']]);
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
    expect(first!.disconnect({ tokenId: 'one' } as never)).toBe(0);
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
