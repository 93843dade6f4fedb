import nodeCluster from 'node:cluster';
import {
  Inject,
  Injectable,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ContainedLogger } from '../events/contained-logger.js';
import { RevocationCheck } from '../cluster/revocation-check.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { maxTimerMs } from '../policy/check-option.js';
import { SessionLeases } from '../cluster/session-leases.js';
import { nodeName, Presence, presenceStoreOf } from '../cluster/presence.js';
import { RevocationSync } from '../cluster/revocation-sync.js';
import type { WsAuthHealth } from '../cluster/ws-auth-health.service.js';
import { LiveSessions } from '../sessions/live-sessions.js';
import { ClusterSessions } from '../sessions/cluster-sessions.js';
import { endAll } from '../sessions/end-all.js';
import { RevocationLedger } from '../sessions/revocation-ledger.js';
import { logStoreFailure } from '../store/log-store-failure.js';
import { waitAtMost } from '../store/wait-at-most.js';
import { MemoryWsAuthStore } from '../store/memory.store.js';
import type { StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';
import { WS_AUTH_OWN_HEALTH } from './own-providers.js';
import { WS_AUTH_SETTINGS, type ModuleSettings } from './module-settings.js';

/** Time in milliseconds that a store has at least to answer when the application closes: leases are given back then. */
const minStopMs = 1_000;

/** Time in milliseconds for which a node that starts waits for the advice of its store. */
const adviceMs = 1_000;

/** PM2 starts such workers in cluster mode. */
const aloneAmongWorkers =
  'store: this process is a worker of node:cluster, and revocations, tickets and limits do not reach other workers; give all of ' +
  'them one store, such as redisWsAuthStore(client)';

/** The store of tickets and revocations: the one that nodes share, or one in this process. */
@Injectable()
export class NodeState implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  readonly store: WsAuthStore;
  /** Absent where this process is alone: then it knows of every revocation by itself. */
  readonly revocations: RevocationCheck | undefined;
  /** Absent where each node counts the sessions of a user by itself. */
  readonly leases: SessionLeases | undefined;
  readonly #logger = new ContainedLogger('WsAuth');
  readonly #sync: RevocationSync | undefined;
  readonly #presence: Presence | undefined;
  #isAdvised = false;

  /** @throws {WsAuthConfigurationError} for a limit on all nodes without a store that they share. */
  constructor(
    @Inject(WS_AUTH_SETTINGS) private readonly settings: ModuleSettings,
    private readonly sessions: LiveSessions,
    private readonly ledger: RevocationLedger,
    @Inject(WS_AUTH_OWN_HEALTH) private readonly health: WsAuthHealth,
    cluster: ClusterSessions,
  ) {
    const { store } = settings;
    this.store = store ?? new MemoryWsAuthStore();
    ledger.shareThrough(this.store, settings.clockToleranceMs);
    if (store) {
      this.#sync = this.#synchronise(settings);
      this.revocations = new RevocationCheck(store, this.#sync, ledger);
      health.observe(this.#sync);
    }
    this.leases = this.#countTogether(settings);
    this.#presence = settings.presence ? this.#publish(settings) : undefined;
    if (this.#presence) {
      cluster.observe(this.#presence, { isShared: store !== undefined });
    }
  }

  async onModuleInit(): Promise<void> {
    if (nodeCluster.isWorker && !this.settings.store) {
      this.#logger.warn(aloneAmongWorkers);
    }
    await this.#sync?.start();
    this.#presence?.start();
    await waitAtMost(adviceMs, this.#logAdvice());
  }

  /** Readiness ends first: this is the earliest hook of Nest, and sockets may live on for as long as the others wait. */
  onModuleDestroy(): void {
    this.health.shutDown();
  }

  /**
   * Stops following the store. Nest closes the sockets before this hook and after all others, so a node that drains still
   * ends revoked sessions, and ends all if it loses the store.
   */
  async onApplicationShutdown(): Promise<void> {
    const stopped = Promise.all([this.#sync?.stop(), this.leases?.stop(), this.#presence?.stop()]);
    if (!(await waitAtMost(Math.max(minStopMs, this.settings.shutdownTimeoutMs), stopped))) {
      this.#logger.warn('the store does not answer, the application closes without it');
    }
  }

  /** @throws {WsAuthConfigurationError} for a store that knows nothing of presence. */
  #publish({ maxStalenessMs }: ModuleSettings): Presence {
    return new Presence({
      store: presenceStoreOf(this.store),
      sessions: this.sessions,
      node: nodeName(),
      isAccepting: () => this.health.isReady(),
      leaseMs: leaseMsOf(maxStalenessMs),
    });
  }

  #countTogether(settings: ModuleSettings): SessionLeases | undefined {
    const { store, sessionLimitScope, maxStalenessMs, onStoreLoss } = settings;
    if (sessionLimitScope === 'node') {
      return undefined;
    }
    if (!store) {
      throw new WsAuthConfigurationError(
        "sessionLimitScope: 'cluster' needs a store that the nodes share; pass store: redisWsAuthStore(client)",
      );
    }
    return new SessionLeases({
      store: this.store,
      leaseMs: leaseMsOf(maxStalenessMs),
      isLive: (sessionId) => this.sessions.with(sessionId) !== undefined,
      apply: (revocation) => this.#apply(revocation),
      endExpired: (ids) => {
        if (onStoreLoss === 'close') {
          endAll(this.sessions, this.sessions.named(ids), { why: 'storeLost' });
        }
      },
    });
  }

  #synchronise({ maxStalenessMs, onStoreLoss, telemetry }: ModuleSettings): RevocationSync {
    const closes = onStoreLoss === 'close';
    const sync = new RevocationSync({
      store: this.store,
      maxStalenessMs,
      apply: (revocation) => this.#apply(revocation),
      onTime: (now, askedAt) => this.ledger.clock.note(now, askedAt),
      publish: () => this.ledger.publishTokens(),
      onLoss: () => closes && endAll(this.sessions, this.sessions.all(), { why: 'storeLost' }),
      onFailure: (cause) => {
        this.#logger.error(
          `the store does not answer, no client is accepted: ${logStoreFailure(cause)}`,
        );
        telemetry?.happened('storeLost');
      },
      onRecovery: () => {
        this.#logger.log('the store answers again');
        void this.#logAdvice();
      },
      onUnpublished: (cause) =>
        this.#logger.error(
          `the tokens of revoked sessions could not be published: ${logStoreFailure(cause)}`,
        ),
    });
    if (closes) {
      this.sessions.endWhile(() => sync.isLost);
    }
    return sync;
  }

  /** Once, as soon as the store answers. A store that does not permit the question is not asked again. */
  async #logAdvice(): Promise<void> {
    try {
      const advice = this.#isAdvised ? [] : await this.store.advice?.();
      this.#isAdvised = true;
      advice?.forEach((each) => this.#logger.warn(`store: ${each}`));
    } catch {
      // The store is not reachable, or keeps this to itself.
    }
  }

  #apply(revocation: StoredRevocation): void {
    const { kind, id } = revocation;
    if (kind === 'replaced') {
      // Also the lease of a session that is about to begin.
      this.leases?.release({ id });
    }
    this.ledger.apply(revocation);
  }
}

/** A disconnected node closes its sessions first. */
function leaseMsOf(maxStalenessMs: number): number {
  return Math.ceil(Math.min(1.5 * maxStalenessMs, maxTimerMs));
}
