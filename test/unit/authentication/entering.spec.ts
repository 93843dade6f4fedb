import { expect, it } from 'vitest';
import { Authenticator } from '../../../lib/authentication/authenticator.js';
import { RevocationCheck } from '../../../lib/cluster/revocation-check.js';
import { StrategyChain } from '../../../lib/authentication/strategy-chain.js';
import { SessionLeases } from '../../../lib/cluster/session-leases.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import type { LeaseAnswer, LeaseClaim } from '../../../lib/store/ws-auth-store.js';
import { AuthenticatorHarness } from '../support/authentication.js';
import { strategiesOf, strategyOf } from '../support/strategies.js';
import { NodeSessions } from '../sessions/live-session-fakes.js';

const line = ['Authorization', 'Bearer token'] as const;

/** A store that the node loses while a lease is claimed. */
class FadingStore extends MemoryWsAuthStore {
  isFresh = true;

  override claimLease(claim: LeaseClaim): Promise<LeaseAnswer> {
    this.isFresh = false;
    return super.claimLease(claim);
  }
}

it('accepts no client on a node that loses its store during a claim, and releases the lease', async () => {
  const store = new FadingStore();
  const strategies = { jwt: strategyOf((acting) => acting.success({ id: 'alice' })) };
  const harness = new AuthenticatorHarness(strategies, { maxSessionsPerUser: 1 });
  const chain = new StrategyChain(harness.policy, strategiesOf(strategies));
  const leases = new SessionLeases({
    store,
    leaseMs: 60_000,
    isLive: () => false,
    apply: () => undefined,
    endExpired: () => undefined,
  });
  const knowledge = {
    get isFresh() {
      return store.isFresh;
    },
    isHealthy: true,
    read: () => Promise.resolve(),
  };
  const authenticator = new Authenticator(harness.policy, chain, {
    failures: undefined,
    revocations: new RevocationCheck(store, knowledge, new NodeSessions().ledger),
    leases,
  });
  const attempt = harness.attempt();
  const decision = await authenticator.decide(harness.subjectOf('/', [line]), attempt);
  attempt.settle();
  await leases.stop();
  expect(decision).toMatchObject({ code: 'ERR_WS_AUTH_UNAVAILABLE' });
  const next: LeaseClaim = {
    userId: 'alice',
    sessionId: 'next',
    limit: 1,
    leaseMs: 60_000,
    onLimit: 'refuse',
  };
  expect(await store.claimLease(next)).toEqual([]);
});
