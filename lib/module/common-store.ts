import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { RevocationCheck } from '../authentication/revocation-check.js';
import { checkInteger, maxTimerMs } from '../policy/check-option.js';
import type { WsAuthModuleOptions } from '../policy/options.js';
import { RevocationSync } from '../sessions/revocation-sync.js';
import { WsAuthHealth } from '../sessions/ws-auth-health.service.js';
import { WsAuthSessions } from '../sessions/ws-auth-sessions.service.js';
import { MemoryWsAuthStore } from '../store/memory.store.js';
import type { WsAuthStore } from '../store/ws-auth-store.js';
import { WS_AUTH_MODULE_OPTIONS } from './ws-auth.module-definition.js';

/** The store of tickets and revocations: the one that nodes share, or one in this process. */
@Injectable()
export class CommonStore implements OnModuleInit, OnModuleDestroy {
  readonly store: WsAuthStore;
  /** Absent where this process is alone: then it knows of every revocation by itself. */
  readonly revocations: RevocationCheck | undefined;
  readonly #sync: RevocationSync | undefined;

  constructor(
    @Inject(WS_AUTH_MODULE_OPTIONS) options: WsAuthModuleOptions,
    sessions: WsAuthSessions,
    health: WsAuthHealth,
  ) {
    const { store, maxStalenessMs = 30_000, onStoreLoss = 'close' } = options;
    this.store = store ?? new MemoryWsAuthStore();
    sessions.shareThrough(this.store);
    if (store) {
      this.revocations = new RevocationCheck(store);
      this.#sync = new RevocationSync({
        store,
        maxStalenessMs: checkInteger('maxStalenessMs', maxStalenessMs, {
          min: 100,
          max: maxTimerMs,
        }),
        apply: (revocation) => sessions.apply(revocation),
        onLoss: () => onStoreLoss === 'close' && sessions.endAll({ why: 'storeLost' }),
      });
      health.observe(this.#sync);
    }
  }

  async onModuleInit(): Promise<void> {
    await this.#sync?.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#sync?.stop();
  }
}
