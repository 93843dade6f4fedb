import { expect, it } from 'vitest';
import { Authenticator } from '../../../lib/authentication/authenticator.js';
import { RevocationCheck } from '../../../lib/authentication/revocation-check.js';
import { StrategyChain } from '../../../lib/authentication/strategy-chain.js';
import { SessionPlaces } from '../../../lib/sessions/session-places.js';
import { WsAuthSessions } from '../../../lib/sessions/ws-auth-sessions.service.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import type { PlaceAnswer, PlaceClaim } from '../../../lib/store/ws-auth-store.js';
import { AuthenticatorHarness } from '../support/authentication.js';
import { strategiesOf, strategyOf } from '../support/strategies.js';

const line = ['Authorization', 'Bearer token'] as const;

/** A store that the node loses while a place is claimed. */
class FadingStore extends MemoryWsAuthStore {
  isFresh = true;

  override claimPlace(claim: PlaceClaim): Promise<PlaceAnswer> {
    this.isFresh = false;
    return super.claimPlace(claim);
  }
}

it('lets nobody in on a node that loses its store while a place is claimed, and gives the place back', async () => {
  const store = new FadingStore();
  const strategies = { jwt: strategyOf((acting) => acting.success({ id: 'alice' })) };
  const harness = new AuthenticatorHarness(strategies, { maxSessionsPerUser: 1 });
  const chain = new StrategyChain(harness.policy, strategiesOf(strategies));
  const places = new SessionPlaces({
    store,
    leaseMs: 60_000,
    isLive: () => false,
    apply: () => undefined,
  });
  const knowledge = {
    get isFresh() {
      return store.isFresh;
    },
    read: () => Promise.resolve(),
  };
  const authenticator = new Authenticator(harness.policy, chain, {
    failures: undefined,
    revocations: new RevocationCheck(store, knowledge, new WsAuthSessions()),
    places,
  });
  const attempt = harness.attempt();
  const decision = await authenticator.decide(harness.subjectOf('/', [line]), attempt);
  attempt.settle();
  await places.stop();
  expect(decision).toMatchObject({ code: 'ERR_WS_AUTH_UNAVAILABLE' });
  const next: PlaceClaim = {
    userId: 'alice',
    sessionId: 'next',
    limit: 1,
    leaseMs: 60_000,
    onLimit: 'refuse',
  };
  expect(await store.claimPlace(next)).toEqual([]);
});
