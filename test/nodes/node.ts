import type { Provider } from '@nestjs/common';
import {
  WsAuthEvents,
  WsAuthHealth,
  WsAuthSessions,
  WsTickets,
  type WsAuthEventMap,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import type { RedisStoreOptions } from '../../lib/redis.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { storeOn, type ClientOfStore, type RedisPackage } from './redis-clients.js';

/** How a node runs. */
export interface NodeOptions extends WsAuthModuleOptions {
  /** @default 'redis' */
  readonly package?: RedisPackage;
  readonly redis?: RedisStoreOptions;
  readonly providers?: Provider[];
}

/** One application with a Redis client of its own. */
export class TestNode implements AsyncDisposable {
  readonly #counts = new Map<keyof WsAuthEventMap, number>();

  constructor(
    readonly app: TestApp,
    readonly client: ClientOfStore,
  ) {
    for (const name of ['authenticating', 'authenticated', 'refused', 'revoked'] as const) {
      app.nest.get(WsAuthEvents).on(name, () => this.#counts.set(name, this.count(name) + 1));
    }
  }

  get sessions(): WsAuthSessions {
    return this.app.nest.get(WsAuthSessions);
  }

  get tickets(): WsTickets {
    return this.app.nest.get(WsTickets);
  }

  get health(): WsAuthHealth {
    return this.app.nest.get(WsAuthHealth);
  }

  count(name: keyof WsAuthEventMap): number {
    return this.#counts.get(name) ?? 0;
  }

  /** A handshake with a token. */
  knock(token: string, path = '/'): TestClient {
    return this.app.connect(path, bearer(token));
  }

  /** A session of a user. */
  enter(user: string, claims: object = {}): Promise<TestClient> {
    return this.knock(tokenOf(user, claims)).opened();
  }

  /** How a handshake ends: 101, or the status it is refused with. */
  async statusOf(token = tokenOf('somebody')): Promise<number> {
    return statusOf(this.knock(token));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await this.client[Symbol.asyncDispose]();
  }
}

/** How a handshake ends: 101, or the status it is refused with. */
export function statusOf(client: TestClient): Promise<number> {
  return Promise.race([
    client.opened().then(
      () => 101,
      () => client.refusal().then(({ status }) => status),
    ),
    client.refusal().then(({ status }) => status),
  ]);
}

/** Starts a node whose store is the Redis at that URL. */
export async function startNode(url: string, options: NodeOptions = {}): Promise<TestNode> {
  const { package: name = 'redis', redis, providers, ...auth } = options;
  const client = await storeOn(name, url, redis);
  const app = await startProtected({ store: client.store, tickets: {}, ...auth }, providers);
  return new TestNode(app, client);
}
