import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import { checkOptions } from '../policy/check-options.js';
import type {
  LeaseAnswer,
  LeaseClaim,
  NodeRecord,
  RevocationPage,
  RevocationQuestion,
  SessionLease,
  StoredRevocation,
  StoredTicket,
  TicketLimits,
  WsAuthStore,
} from '../store/ws-auth-store.js';
import { answerWithin } from './answer-within.js';
import { RedisLeases } from './redis-leases.js';
import { RedisPresence } from './redis-presence.js';
import { RedisTickets } from './redis-tickets.js';
import { adviceOf } from './redis-advice.js';
import { isLate } from './is-late.js';
import {
  connectionOf,
  duplicateOf,
  type RedisConnection,
  type WsAuthRedisClient,
} from './redis-client.js';
import {
  addRevocationScript,
  readClockScript,
  readRevocationsScript,
  readStreamScript,
} from './redis-scripts.js';
import {
  parseStream,
  revocationField,
  revocationOf,
  textOf,
  type StreamEntry,
} from './redis-stream.js';
import { storeOptions, type RedisStoreOptions } from './store-options.js';
import { watchStream } from './watch-stream.js';

/** Time in milliseconds for which revocations stay in the stream that nodes read. */
const streamMs = 2 * 86_400_000;

/** Longest time in milliseconds for which a revocation is kept: what Redis can count. */
const maxRememberMs = 100 * 365 * 86_400_000;

/** Entries that one command reads, so that none takes longer than its time-out. */
const pageSize = 1_000;

/**
 * Keeps tickets, revocations and leases in Redis 6.2 or newer, for any number of nodes.
 *
 * @param client a connected client of `redis` (node-redis 5 or 6) or of `ioredis`; closing it stays with the caller
 * @throws {WsAuthConfigurationError} for options that are unknown or out of bounds.
 * @example
 * ```ts
 * WsAuthModule.forRoot({ strategy: 'jwt', store: redisWsAuthStore(redis, { keyPrefix: 'chat' }) });
 * ```
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
  readonly #tickets = new RedisTickets(
    (kind, id) => this.#key(kind, id),
    (command) => this.#send(command),
  );
  readonly #leases = new RedisLeases(
    (userId) => this.#key('leases-of', userId),
    (command) => this.#send(command),
  );
  readonly #presence = new RedisPresence(
    (kind, id) => this.#key(kind, id),
    (command) => this.#send(command),
  );

  constructor(
    private readonly client: WsAuthRedisClient,
    options: RedisStoreOptions,
  ) {
    const { keyPrefix, commandTimeoutMs } = checkOptions(storeOptions, options);
    // All keys share one slot of a cluster, so that a script may touch several.
    this.#prefix = `{${keyPrefix}}`;
    this.#timeoutMs = commandTimeoutMs;
    this.#connection = connectionOf(client, this.#absentKey);
  }

  putTicket(ticket: StoredTicket, limits: TicketLimits): Promise<void> {
    return this.#tickets.put(ticket, limits);
  }

  takeTicket(digest: string): Promise<string | undefined> {
    return this.#tickets.take(digest);
  }

  async addRevocation(revocation: StoredRevocation): Promise<void> {
    const { kind, id, before } = revocation;
    const rememberMs = Math.ceil(Math.min(Math.max(revocation.rememberMs, 1), maxRememberMs));
    const keys = [this.#key(kind, id), this.#streamKey];
    const entry = JSON.stringify({ ...revocation, rememberMs });
    const args = [before, rememberMs, entry, streamMs, revocationField].map(String);
    await this.#send(['EVAL', addRevocationScript, '2', ...keys, ...args]);
  }

  async isRevoked(question: RevocationQuestion): Promise<boolean> {
    const { userId, tokenId, tokenIds = [], sessionId, issuedAt } = question;
    const keys = [
      this.#key('everybody', ''),
      this.#keyOf('user', userId),
      this.#keyOf('session', sessionId),
      this.#keyOf('token', tokenId),
      ...tokenIds.map((id) => this.#key('token', id)),
    ];
    const all = [...keys, this.#streamKey, this.#absentKey];
    const reply = await this.#send(['EVAL', readRevocationsScript, String(all.length), ...all]);
    if (!Array.isArray(reply) || reply.length !== keys.length) {
      throw new WsAuthStoreError('redis answered something else than one value per key');
    }
    const [ofEverybody, ofUser, ...others] = reply as unknown[];
    return (
      isLate(ofEverybody, issuedAt) ||
      isLate(ofUser, issuedAt) ||
      others.some((value) => value !== null)
    );
  }

  async revocationsSince(
    cursor: string | undefined,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<RevocationPage> {
    const revocations: StoredRevocation[] = [];
    let from = cursor;
    for (let left = limit; left > 0;) {
      const count = Math.min(left, pageSize);
      const { now, entries, last } = await this.#entriesAfter(from, count);
      revocations.push(...entries.flatMap((entry) => revocationOf(entry, now) ?? []));
      from = last ?? from;
      left -= entries.length;
      if (entries.length < count) {
        return { revocations, cursor: from ?? '0-0', now };
      }
    }
    return { revocations, cursor: from ?? '0-0', more: true };
  }

  claimLease(claim: LeaseClaim): Promise<LeaseAnswer> {
    return this.#leases.claim(claim);
  }

  renewLeases(leases: readonly SessionLease[], leaseMs: number): Promise<void> {
    return this.#leases.renew(leases, leaseMs);
  }

  releaseLease(lease: SessionLease): Promise<void> {
    return this.#leases.release(lease);
  }

  async now(): Promise<number> {
    const now = Number(textOf(await this.#send(['EVAL', readClockScript, '1', this.#absentKey])));
    if (!Number.isFinite(now)) {
      throw new WsAuthStoreError('redis answered something else than a time');
    }
    return now;
  }

  putPresence(
    node: string,
    records: ReadonlyMap<string, string | undefined>,
    leaseMs: number,
  ): Promise<boolean> {
    return this.#presence.put(node, records, leaseMs);
  }

  presenceOf(userId: string): Promise<readonly NodeRecord[]> {
    return this.#presence.of(userId);
  }

  endPresence(node: string): Promise<void> {
    return this.#presence.end(node);
  }

  async advice(): Promise<readonly string[]> {
    return adviceOf(textOf(await this.#send(['INFO'])) ?? '');
  }

  watch(onChange: () => void): () => Promise<void> {
    return watchStream({
      key: this.#streamKey,
      timeoutMs: this.#timeoutMs,
      connect: () => duplicateOf(this.client, this.#streamKey),
      onChange,
    });
  }

  /** @returns the entries, and the cursor of the last one: its id and its digest */
  async #entriesAfter(
    cursor = '',
    count: number,
  ): Promise<{ now: number; entries: StreamEntry[]; last: string | undefined }> {
    const [after = '', digest = ''] = cursor.split(' ');
    const keys = [this.#streamKey, this.#absentKey];
    const args = [after, digest, String(count)];
    const reply = await this.#send(['EVAL', readStreamScript, '2', ...keys, ...args]);
    const [now, found, ofLast] = Array.isArray(reply) ? (reply as unknown[]) : [];
    const entries = parseStream(found);
    const id = entries.at(-1)?.id;
    const last = id === undefined ? undefined : `${id} ${textOf(ofLast) ?? ''}`;
    return { now: Number(textOf(now)), entries, last };
  }

  get #streamKey(): string {
    return `${this.#prefix}:revocations`;
  }

  /** A key that no node writes. */
  get #absentKey(): string {
    return `${this.#prefix}:none`;
  }

  /** Ids are encoded, so that no user id can name another key. */
  #key(kind: string, id: string): string {
    return `${this.#prefix}:${kind}:${Buffer.from(id).toString('base64url')}`;
  }

  /** An absent id asks for a key that no node writes, so that each value keeps its position in the reply. */
  #keyOf(kind: StoredRevocation['kind'], id: string | undefined): string {
    return id === undefined ? this.#absentKey : this.#key(kind, id);
  }

  /** Fails immediately without a connection, so that nothing is queued, and within the time-out with a silent one. */
  async #send(command: readonly string[]): Promise<unknown> {
    if (!this.#connection.isReady) {
      throw new WsAuthStoreError('redis is not connected');
    }
    return answerWithin(this.#timeoutMs, this.#connection.send(command));
  }
}
