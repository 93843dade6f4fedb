import { Injectable } from '@nestjs/common';
import type { RevocationSync } from './revocation-sync.js';

/** What a health check answers, in the form of `@nestjs/terminus`. */
export type WsAuthHealthResult<Key extends string = string> = Record<
  Key,
  {
    /** Whether this node can let clients in. */
    readonly status: 'up' | 'down';
  }
>;

/**
 * Tells whether this node knows of the revocations of all others, and so can let clients in.
 *
 * @example
 * ```ts
 * this.health.check([() => this.wsAuthHealth.check('ws-auth')]); // @nestjs/terminus
 * ```
 * @publicApi
 */
@Injectable()
export class WsAuthHealth {
  #sync: RevocationSync | undefined;

  /** Whether the store answers, as far as this node has noticed; always, where this process is alone. */
  isReady(): boolean {
    return this.#sync?.isHealthy ?? true;
  }

  /** The same in the form of a health indicator. */
  check<Key extends string>(key: Key): WsAuthHealthResult<Key> {
    const status = this.isReady() ? 'up' : 'down';
    return { [key]: { status } } as WsAuthHealthResult<Key>;
  }

  /** @internal */
  observe(sync: RevocationSync): void {
    this.#sync = sync;
  }
}
