import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import { checkInteger } from '../policy/check-option.js';
import type {
  RevocationPage,
  RevocationQuestion,
  StoredRevocation,
  StoredTicket,
  TicketLimits,
  WsAuthStore,
} from '../store/ws-auth-store.js';
import {
  connectionOf,
  duplicateOf,
  type RedisConnection,
  type WsAuthRedisClient,
} from './redis-client.js';
import { addRevocationScript, putTicketScript, takeTicketScript } from './redis-scripts.js';
import { parseRevocation, parseStream } from './redis-stream.js';
import { watchStream } from './watch-stream.js';

/** Options of {@link redisWsAuthStore}. */
export interface RedisStoreOptions {
  /**
   * Prefix of all keys. Applications that share one Redis give each its own.
   *
   * @default 'ws-auth'
   */
  readonly keyPrefix?: string;
  /**
   * Time in milliseconds after which a command counts as failed, from 10 to 60,000.
   *
   * @default 1_000
   */
  readonly commandTimeoutMs?: number;
}

/** Time in milliseconds for which revocations stay in the stream that nodes read. */
const streamMs = 2 * 86_400_000;

/**
 * Keeps tickets and revocations in Redis 6.2 or newer, for any number of nodes.
 *
 * @param client a connected client of `redis` (node-redis 5 or 6) or of `ioredis`; closing it stays with the caller
 * @throws {WsAuthConfigurationError} for options out of bounds.
 * @publicApi
 */
export function redisWsAuthStore(
  client: WsAuthRedisClient,
  options: RedisStoreOptions = {},
): WsAuthStore {
  return new RedisWsAuthStore(client, options);
}

class RedisWsAuthStore implements WsAuthStore {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #timeoutMs: number;

  constructor(
    private readonly client: WsAuthRedisClient,
    { keyPrefix = 'ws-auth', commandTimeoutMs = 1_000 }: RedisStoreOptions,
  ) {
    if (!/^[\w.:-]+$/.test(keyPrefix)) {
      throw new WsAuthConfigurationError('keyPrefix: expected letters, digits, and any of _ . : -');
    }
    // All keys share one slot of a cluster, so that a script may touch several.
    this.#prefix = `{${keyPrefix}}`;
    this.#timeoutMs = checkInteger('commandTimeoutMs', commandTimeoutMs, { min: 10, max: 60_000 });
    this.#connection = connectionOf(client);
  }

  async putTicket(ticket: StoredTicket, limits: TicketLimits): Promise<void> {
    const { digest, userId, payload, ttlMs } = ticket;
    const keys = [
      this.#key('ticket', digest),
      this.#key('tickets-of', userId),
      this.#key('tickets', ''),
    ];
    const args = [payload, ttlMs, limits.maxPerUser, limits.maxTotal].map(String);
    await this.#send(['EVAL', putTicketScript, '3', ...keys, ...args]);
  }

  async takeTicket(digest: string): Promise<string | undefined> {
    const keys = [this.#key('ticket', digest), this.#key('tickets', '')];
    const payload = await this.#send(['EVAL', takeTicketScript, '2', ...keys]);
    return typeof payload === 'string' ? payload : undefined;
  }

  async addRevocation(revocation: StoredRevocation): Promise<void> {
    const { kind, id, before, rememberMs } = revocation;
    const keys = [this.#key(kind, id), this.#streamKey];
    const args = [before, Math.ceil(rememberMs), JSON.stringify(revocation), streamMs].map(String);
    await this.#send(['EVAL', addRevocationScript, '2', ...keys, ...args]);
  }

  async isRevoked({ userId, tokenId, sessionId, issuedAt }: RevocationQuestion): Promise<boolean> {
    const everybody = this.#key('everybody', '');
    // An absent id asks for a key that nobody writes, so that the reply always has four values.
    const key = (kind: StoredRevocation['kind'], id: string | undefined) =>
      id === undefined ? `${this.#prefix}:none` : this.#key(kind, id);
    const reply = await this.#send([
      'MGET',
      everybody,
      key('user', userId),
      key('token', tokenId),
      key('session', sessionId),
    ]);
    if (!Array.isArray(reply) || reply.length !== 4) {
      throw new WsAuthStoreError('redis answered something else than four values');
    }
    const [ofEverybody, ofUser, ofToken, ofSession] = reply as unknown[];
    const isLate = (value: unknown) =>
      value !== null && (issuedAt === undefined || !(issuedAt > Number(value)));
    return isLate(ofEverybody) || isLate(ofUser) || ofToken !== null || ofSession !== null;
  }

  async revocationsSince(cursor: string | undefined): Promise<RevocationPage> {
    const from = cursor === undefined ? '-' : `(${cursor}`;
    const entries = parseStream(await this.#send(['XRANGE', this.#streamKey, from, '+']));
    return {
      revocations: entries.flatMap(({ value }) => parseRevocation(value) ?? []),
      cursor: entries.at(-1)?.id ?? cursor ?? '0-0',
    };
  }

  watch(onChange: () => void): () => Promise<void> {
    return watchStream(duplicateOf(this.client), this.#streamKey, onChange);
  }

  get #streamKey(): string {
    return `${this.#prefix}:revocations`;
  }

  /** Ids are encoded, so that no user id can name another key. */
  #key(kind: string, id: string): string {
    return `${this.#prefix}:${kind}:${Buffer.from(id).toString('base64url')}`;
  }

  /** Fails at once without a connection, so that nothing is queued, and within the time-out with a silent one. */
  async #send(command: readonly string[]): Promise<unknown> {
    if (!this.#connection.isReady) {
      throw new WsAuthStoreError('redis is not connected');
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new WsAuthStoreError('redis did not answer in time')),
        this.#timeoutMs,
      );
    });
    try {
      return await Promise.race([this.#connection.send(command), late]);
    } catch (cause) {
      throw cause instanceof WsAuthStoreError
        ? cause
        : new WsAuthStoreError('redis refused a command', { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}
