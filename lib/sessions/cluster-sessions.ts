import type { Presence } from '../cluster/presence.js';
import type { NodeLoad, NodePresence, WsAuthClusterSession } from '../cluster/presence-record.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkInteger, describe } from '../policy/check-option.js';
import { demandKnownOptions } from '../policy/check-options.js';

/**
 * Options of `sessions.listCluster()`: which sessions of a user are listed.
 *
 * @example
 * ```ts
 * const options: ClusterListOptions = { limit: 20 };
 * ```
 */
export interface ClusterListOptions {
  /**
   * Sessions in one page, from 1 to 1,000.
   *
   * @default 100
   */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

const optionNames = { limit: true, after: true } satisfies Record<keyof ClusterListOptions, true>;

/** @throws {WsAuthConfigurationError} for an option that is unknown or out of bounds. */
export function checkClusterList(options: ClusterListOptions): Required<ClusterListOptions> {
  demandKnownOptions(optionNames, options, 'options');
  const limit = checkInteger('limit', options.limit ?? 100, { min: 1, max: 1_000 });
  const { after = '' } = options;
  if (typeof (after as unknown) !== 'string') {
    throw new WsAuthConfigurationError(
      `after: expected next of the page before, got ${describe(after)}`,
    );
  }
  return { limit, after };
}

/**
 * Sessions of a user on all nodes, oldest first.
 *
 * @example
 * ```ts
 * const page: WsAuthClusterPage = await sessions.listCluster('alice', { limit: 20 });
 * const { next: after } = page;
 * const more = after === undefined ? [] : (await sessions.listCluster('alice', { limit: 20, after })).sessions;
 * ```
 */
export interface WsAuthClusterPage {
  /** The sessions of this page. */
  readonly sessions: readonly WsAuthClusterSession[];
  /** Where the next page begins; absent in the last one. */
  readonly next?: string;
}

/** What nodes have published. */
type PublishedSessions = Pick<Presence, 'node' | 'of' | 'otherLoads'>;

/**
 * What this node knows of the sessions on all nodes. The module sets it where the option `presence` is on.
 *
 * @internal
 */
export class ClusterSessions {
  #presence: PublishedSessions | undefined;
  #isShared = false;

  /** @param options whether other processes publish in the same store */
  observe(presence: PublishedSessions, { isShared }: { readonly isShared: boolean }): void {
    this.#presence = presence;
    this.#isShared = isShared;
  }

  async list(userId: string, limit: number, after: string): Promise<WsAuthClusterPage> {
    const nodes = await this.#of(userId);
    const rest = nodes
      .flatMap(({ sessions }) => sessions)
      .filter((each) => placeOf(each) > after)
      .toSorted((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
    const sessions = rest.slice(0, limit);
    const last = sessions.at(-1);
    return rest.length > limit && last ? { sessions, next: placeOf(last) } : { sessions };
  }

  async count(userId: string): Promise<number> {
    const nodes = await this.#of(userId);
    return nodes.reduce((sum, { count }) => sum + count, 0);
  }

  /** Name of this node; empty without presence. */
  get node(): string {
    return this.#presence?.node ?? '';
  }

  /** Loads of the other nodes. */
  async otherLoads(): Promise<readonly NodeLoad[]> {
    if (!this.#presence || !this.#isShared) {
      throw new WsAuthConfigurationError(
        'rebalance: needs presence and a store that the nodes share; pass WsAuthModule.forRoot({ presence: true, store: redisWsAuthStore(client) }), on every node',
      );
    }
    return await this.#presence.otherLoads();
  }

  #of(userId: string): Promise<readonly NodePresence[]> {
    if (!this.#presence) {
      throw new WsAuthConfigurationError(
        'presence: nodes do not publish their sessions; pass WsAuthModule.forRoot({ presence: true, store }), on every node',
      );
    }
    return this.#presence.of(userId);
  }
}

/** Orders sessions by age, and by id where they are of the same age: a session that ends meanwhile moves no other. */
function placeOf({ authenticatedAt, id }: WsAuthClusterSession): string {
  return `${String(Math.max(0, Math.trunc(authenticatedAt))).padStart(16, '0')}-${id}`;
}
