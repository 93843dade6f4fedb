import { Injectable } from '@nestjs/common';
import type { RevocationSync } from './revocation-sync.js';

/** What a health check answers, in the form of `@nestjs/terminus`. */
export type WsAuthHealthResult<Key extends string = string> = Record<
  Key,
  {
    /** Whether this node accepts clients. */
    readonly status: 'up' | 'down';
  }
>;

/**
 * Readiness of this node: whether it has read the revocations of all nodes, so that it accepts clients, and is not shutting
 * down.
 *
 * @example
 * ```ts
 * await terminus.check([() => health.check('ws-auth')]); // HealthCheckService of @nestjs/terminus
 * ```
 * @publicApi
 */
@Injectable()
export class WsAuthHealth {
  #sync: RevocationSync | undefined;
  #shuttingDown = false;

  /**
   * Whether the store answers, as far as this node has noticed; always, where this process is alone. `false` from the moment
   * the application begins to close, so that balancers send new clients to other nodes.
   */
  isReady(): boolean {
    return !this.#shuttingDown && (this.#sync?.isHealthy ?? true);
  }

  /** Readiness of this node, in the form of a health indicator. */
  check<Key extends string>(key: Key): WsAuthHealthResult<Key> {
    const status = this.isReady() ? 'up' : 'down';
    return { [key]: { status } } as WsAuthHealthResult<Key>;
  }

  /** @internal */
  observe(sync: RevocationSync): void {
    this.#sync = sync;
  }

  /** Whether the application has begun to close, or to drain. @internal */
  get isShuttingDown(): boolean {
    return this.#shuttingDown;
  }

  /** @internal */
  shutDown(): void {
    this.#shuttingDown = true;
  }
}
