import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';

/** The part of a connected client of `redis` (node-redis 5 or 6) that the store uses. */
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
  /** Adds a listener for errors. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** The part that the store uses of a client for several nodes, made by `createCluster()` of `redis`. */
export interface NodeRedisCluster extends Omit<NodeRedisClient, 'sendCommand' | 'duplicate'> {
  /** Sends one command to the primary that has the key. */
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    command: string[],
  ): Promise<unknown>;
  /** Makes another client of the same nodes. */
  duplicate(): NodeRedisCluster & {
    /** Connects it. */
    connect(): Promise<unknown>;
    /** Ends it immediately. */
    destroy(): unknown;
  };
}

/** The part that the store uses of a client that asks sentinels for the primary, made by `createSentinel()` of `redis`. */
export interface NodeRedisSentinel extends Omit<NodeRedisClient, 'sendCommand' | 'duplicate'> {
  /** Sends one command to the primary. */
  sendCommand(isReadonly: boolean | undefined, command: string[]): Promise<unknown>;
  /** Makes another client of the same sentinels. */
  duplicate(): NodeRedisSentinel & {
    /** Connects it. */
    connect(): Promise<unknown>;
    /** Ends it immediately. */
    destroy(): unknown;
  };
}

/** The part of a client of `ioredis` that the store uses. */
export interface IoRedisClient {
  /** `ready` when it is connected, `wait` before its first command with `lazyConnect`. */
  readonly status: string;
  /** Sends one command. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** Makes another client of the same server. A cluster takes its nodes first. */
  duplicate(...overrides: never[]): IoRedisClient & {
    /** Ends it. */
    disconnect(): void;
  };
  /** Adds a listener for errors. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** A client of either package. */
export type WsAuthRedisClient =
  NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoRedisClient;

/** Sends commands to Redis, whichever package the client is of. */
export interface RedisConnection {
  /** Whether a command would be sent now, or connect the client, and not be queued until there is a connection again. */
  readonly isReady: boolean;
  readonly send: (command: readonly string[]) => Promise<unknown>;
  readonly close: () => void;
}

/**
 * Wraps a client of the application. Closing it is up to the application.
 *
 * @param key a key of the store: all of them are on the node of this one
 * @throws {WsAuthConfigurationError} for a value that is not a client of either package.
 */
export function connectionOf(client: WsAuthRedisClient, key: string): RedisConnection {
  if (!isClient(client)) {
    throw new WsAuthConfigurationError(
      'redisWsAuthStore: expected a client of `redis`, made by createClient(), createCluster() or createSentinel() of version 6, ' +
        'or of `ioredis`, made by new Redis() or new Cluster()',
    );
  }
  client.on('error', ignore);
  return wrap(client, key, () => undefined);
}

/** Makes a connection of our own, for commands that block. */
export function duplicateOf(client: WsAuthRedisClient, key: string): RedisConnection {
  if ('isReady' in client) {
    const made = client.duplicate();
    made.on('error', ignore);
    return afterConnecting(
      made,
      wrap(made, key, () => made.destroy()),
    );
  }
  const made = duplicateOfIoRedis(client);
  made.on('error', ignore);
  return wrap(made, key, () => made.disconnect());
}

/** Without this a read that waits would be sent again after a reconnect, so that the loss of a connection would not show. */
const failWithConnection = { maxRetriesPerRequest: 0 };

function duplicateOfIoRedis(client: IoRedisClient): ReturnType<IoRedisClient['duplicate']> {
  const source = client as unknown as {
    duplicate(...overrides: unknown[]): ReturnType<IoRedisClient['duplicate']>;
  };
  return 'isCluster' in client && client.isCluster === true
    ? source.duplicate([], { redisOptions: failWithConnection })
    : source.duplicate(failWithConnection);
}

/** Sends nothing before the client is connected: without an offline queue it would refuse to. */
function afterConnecting(
  client: { readonly isReady: boolean; connect(): Promise<unknown> },
  { send, close }: RedisConnection,
): RedisConnection {
  const connected = client.connect();
  connected.catch(ignore);
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

/** Pools of `redis` have no `isReady`. */
function isClient(client: unknown): boolean {
  const { isReady, sendCommand, status, call } = (client ?? {}) as Record<string, unknown>;
  return (
    (typeof isReady === 'boolean' && typeof sendCommand === 'function') ||
    (typeof status === 'string' && typeof call === 'function')
  );
}

/** With `lazyConnect` a client of `ioredis` waits for its first command, which connects it. */
const sends: ReadonlySet<string> = new Set(['ready', 'wait']);

function wrap(client: WsAuthRedisClient, key: string, close: () => unknown): RedisConnection {
  const send =
    'isReady' in client
      ? senderOf(client, key)
      : ([name = '', ...args]: readonly string[]) => client.call(name, ...args);
  return {
    get isReady() {
      return 'isReady' in client ? client.isReady : sends.has(client.status);
    },
    send,
    close: () => {
      // node-redis throws, or rejects, for a connection that has given up by itself.
      void (async () => close())().catch(ignore);
    },
  };
}

/**
 * Sends by a client of node-redis. Its kinds are distinguished by the number of arguments: a single server takes the command,
 * sentinels whether it only reads, and a cluster a key before both.
 */
function senderOf(
  client: NodeRedisClient | NodeRedisCluster | NodeRedisSentinel,
  key: string,
): RedisConnection['send'] {
  switch (client.sendCommand.length) {
    case 4:
      return (command) => (client as NodeRedisCluster).sendCommand(key, false, [...command]);
    case 3:
      return (command) => (client as NodeRedisSentinel).sendCommand(false, [...command]);
    default:
      return (command) => (client as NodeRedisClient).sendCommand([...command]);
  }
}

/** Without a listener an error ends the process; what matters shows in the commands that fail. */
function ignore(): void {}
