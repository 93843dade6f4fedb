import { Cluster, Redis } from 'ioredis';
import { createClient } from 'redis';
import { redisWsAuthStore, type RedisStoreOptions } from '../../lib/redis.js';
import type { WsAuthStore } from '../../lib/index.js';
import { patient } from '../support/patience.js';

/** Long enough for a machine that is busy with other tests. */
const unhurried: RedisStoreOptions = { commandTimeoutMs: 60_000 };

/** The default of the store, longer on a slow machine, up to the longest one that it accepts. */
const usual: RedisStoreOptions = { commandTimeoutMs: Math.min(60_000, patient(1_000)) };

/** A client of the application with the store on it. */
export interface ClientOfStore extends AsyncDisposable {
  readonly store: WsAuthStore;
  /** Sends a command past the store. */
  command(...parts: string[]): Promise<unknown>;
}

/** Both packages that the store accepts. */
export const packages = ['redis', 'ioredis'] as const;

export type RedisPackage = (typeof packages)[number];

/**
 * A store on a client of that package, connected unless Redis is down.
 *
 * @param options without them, no command of the store is too late
 */
export function storeOn(
  name: RedisPackage,
  url: string,
  options?: RedisStoreOptions,
): Promise<ClientOfStore> {
  const settings = options ? { ...usual, ...options } : unhurried;
  return name === 'redis' ? onNodeRedis(url, settings) : onIoRedis(url, settings);
}

async function onNodeRedis(url: string, options: RedisStoreOptions): Promise<ClientOfStore> {
  const client = createClient({
    url,
    socket: { reconnectStrategy: 50 },
    // By default it gives a command up after 5 s, also one that waits behind thousands of others.
    commandOptions: { timeout: patient(60_000) },
  });
  client.on('error', () => undefined);
  const tried = new Promise<void>((resolve) => {
    client.once('ready', () => resolve());
    client.once('error', () => resolve());
  });
  client.connect().catch(() => undefined);
  await tried;
  return {
    store: redisWsAuthStore(client, options),
    command: (...parts) => client.sendCommand(parts),
    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

async function onIoRedis(url: string, options: RedisStoreOptions): Promise<ClientOfStore> {
  const client = new Redis(url, { retryStrategy: () => 50 });
  client.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    client.once('ready', () => resolve());
    client.once('close', () => resolve());
  });
  return {
    store: redisWsAuthStore(client, options),
    command: (name = '', ...parts) => client.call(name, ...parts),
    async [Symbol.asyncDispose]() {
      client.disconnect();
    },
  };
}

/** A store on the cluster client of `ioredis`. */
export async function storeOnCluster(
  port: number,
  options: RedisStoreOptions = unhurried,
): Promise<ClientOfStore> {
  const client = new Cluster([{ host: '127.0.0.1', port }]);
  client.on('error', () => undefined);
  await new Promise<void>((resolve) => client.once('ready', () => resolve()));
  return {
    store: redisWsAuthStore(client, options),
    command: (name = '', ...parts) => client.call(name, ...parts),
    async [Symbol.asyncDispose]() {
      client.disconnect();
    },
  };
}
