import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';

/** A connected client of `redis` (node-redis 5 or 6), as far as it is used. */
export interface NodeRedisClient {
  /** Whether it is connected. */
  readonly isReady: boolean;
  /** Sends one command. */
  sendCommand(command: string[]): Promise<unknown>;
  /** Makes another client of the same server. */
  duplicate(): NodeRedisClient & {
    /** Connects it. */
    connect(): Promise<unknown>;
    /** Ends it immediately. */
    destroy(): void;
  };
  /** Receives errors. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** A client of `ioredis`, as far as it is used. */
export interface IoRedisClient {
  /** `ready` when it is connected. */
  readonly status: string;
  /** Sends one command. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** Makes another client of the same server. */
  duplicate(): IoRedisClient & {
    /** Ends it. */
    disconnect(): void;
  };
  /** Receives errors. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** A client of either package. */
export type WsAuthRedisClient = NodeRedisClient | IoRedisClient;

/** Sends commands to Redis, whichever package the client is of. */
export interface RedisConnection {
  /** Whether a command would be sent now, and not queued until there is a connection again. */
  readonly isReady: boolean;
  readonly send: (command: readonly string[]) => Promise<unknown>;
  readonly close: () => void;
}

/**
 * Wraps a client of the application. Closing it is up to the application.
 *
 * @throws {WsAuthConfigurationError} for a value that is not a client of either package, and for clusters and sentinels of
 *   node-redis.
 */
export function connectionOf(client: WsAuthRedisClient): RedisConnection {
  if (!isClient(client)) {
    throw new WsAuthConfigurationError(
      'redisWsAuthStore: expected a client of `redis`, made by createClient(), or of `ioredis`',
    );
  }
  if (isSeveralNodes(client)) {
    throw new WsAuthConfigurationError(
      'redisWsAuthStore: createCluster() and createSentinel() of `redis` are not supported; pass a client of createClient(), ' +
        'or of `ioredis`: new Cluster([…]), or new Redis({ sentinels, name })',
    );
  }
  client.on('error', ignore);
  return wrap(client, () => undefined);
}

/** Makes a connection of our own, for commands that block. */
export function duplicateOf(client: WsAuthRedisClient): RedisConnection {
  if ('isReady' in client) {
    const made = client.duplicate();
    made.on('error', ignore);
    return afterConnecting(made, made.connect().catch(ignore));
  }
  const made = client.duplicate();
  made.on('error', ignore);
  return wrap(made, () => made.disconnect());
}

/** Sends nothing before the client is connected: without an offline queue it would refuse to. */
function afterConnecting(
  client: ReturnType<NodeRedisClient['duplicate']>,
  connected: Promise<unknown>,
): RedisConnection {
  const { send, close } = wrap(client, () => client.destroy());
  return {
    get isReady() {
      return client.isReady;
    },
    async send(command) {
      await connected;
      return send(command);
    },
    close,
  };
}

function isClient(client: unknown): boolean {
  const { isReady, sendCommand, status, call } = (client ?? {}) as Record<string, unknown>;
  return (
    (typeof isReady === 'boolean' && typeof sendCommand === 'function') ||
    (typeof status === 'string' && typeof call === 'function')
  );
}

/** Clusters and sentinels of node-redis take other arguments first, so a command would never arrive. */
function isSeveralNodes(client: WsAuthRedisClient): boolean {
  return 'isReady' in client && client.sendCommand.length > 2;
}

function wrap(client: WsAuthRedisClient, close: () => void): RedisConnection {
  return {
    get isReady() {
      return 'isReady' in client ? client.isReady : client.status === 'ready';
    },
    send: ([name = '', ...args]) =>
      'isReady' in client ? client.sendCommand([name, ...args]) : client.call(name, ...args),
    close: () => {
      try {
        close();
      } catch {
        // node-redis throws for a connection that has given up by itself.
      }
    },
  };
}

/** Without a listener an error ends the process; what matters shows in the commands that fail. */
function ignore(): void {}
