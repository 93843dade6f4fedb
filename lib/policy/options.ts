import type { WsAuthTelemetry } from './telemetry.js';
import type { WsAuthEventNames } from '../protocol/message.js';
import type { WsAuthStore } from '../store/ws-auth-store.js';
import type { FailureLimiter } from './failure-limiter.js';
import type { WsAuthPlatform } from './platform.js';
import type { WsAuthServerPlatform } from './server-platform.js';
import type { WsAuthUpgrades } from './upgrades.js';
import type { WsAuthUserKey } from './user-key.js';
import type { WsAuthPolicyOptions } from './policy-options.js';

/** A number of failed attempts within a time. */
export interface FailureLimit {
  /** Failed attempts that are allowed, at least 1. */
  readonly points: number;
  /** Time in milliseconds in which they count, from 1,000 to 2^31 - 1. */
  readonly windowMs: number;
}

/**
 * Limits on failed attempts, each a number (counted in memory by `rate-limiter-flexible`, an optional peer), or a limiter
 * of that package, such as its `RateLimiterRedis`.
 *
 * @example
 * ```ts
 * WsAuthModule.forRoot({
 *   failedAttempts: {
 *     perAddress: { points: 100, windowMs: 60_000 },
 *     perAccount: { points: 5, windowMs: 15 * 60_000 },
 *   },
 * });
 * ```
 */
export interface FailedAttemptOptions {
  /** Failed attempts of one client address: IPv4, or the /64 of IPv6. Loopback is not exempt; an unreadable address is not counted. */
  readonly perAddress?: FailureLimit | FailureLimiter | undefined;
  /** Failed attempts with one user name of HTTP Basic, from any address. */
  readonly perAccount?: FailureLimit | FailureLimiter | undefined;
}

/** Options of tickets. */
export interface WsTicketOptions {
  /**
   * Life of a ticket in milliseconds, from 1,000 to 300,000: from the page that asks for it to its handshake.
   *
   * @default 30_000
   */
  readonly ttlMs?: number;
  /**
   * Tickets that one user may have outstanding, at least 1. The oldest make room for new ones.
   *
   * @default 100
   */
  readonly maxPerUser?: number;
  /**
   * Tickets outstanding in all, at least 1. The oldest make room for new ones. Stops memory exhaustion.
   *
   * @default 100_000
   */
  readonly maxTotal?: number;
}

/**
 * Options of the module: the default policy, and what holds for the whole application.
 *
 * @publicApi
 */
export interface WsAuthModuleOptions extends WsAuthPolicyOptions {
  /**
   * The WebSocket platform whose gateways are protected, such as `ws()` of `nestjs-ws-auth/ws`.
   *
   * @default the platform whose package is installed; with two of them the application refuses to boot
   */
  readonly platform?: WsAuthPlatform;
  /**
   * Servers of other packages that are protected by their protocol: `[graphqlWs()]` of `nestjs-ws-auth/graphql-ws`. They work with
   * gateways beside them, and without any.
   *
   * @default []
   */
  readonly platforms?: readonly WsAuthServerPlatform[];
  /**
   * Servers of other packages on the HTTP server of the application whose upgrades are authenticated: a list of
   * `protectUpgrades({ path })`. They work with gateways beside them, and without any.
   *
   * @default []
   */
  readonly upgrades?: readonly WsAuthUpgrades[];
  /**
   * Key of a user in limits, revocation, renewal and tickets: a text that is not blank, an exact number, a bigint, or an
   * object with a text of its own, such as an `ObjectId`. Values with the same text are one user, whatever strategy and
   * field they come from.
   *
   * A user without a key, or with one that cannot be read, is refused with 403 where `maxSessionsPerUser` is set. Elsewhere
   * it cannot be limited, found, revoked by key, or renewed (3003); one warning per policy reports it. A function that throws
   * refuses with 500.
   *
   * @default `user.id ?? user.sub ?? user.userId ?? user._id ?? user.username`
   * @example
   * ```ts
   * WsAuthModule.forRoot({ userId: ({ tenant, name }: Member) => `${tenant}/${name}` });
   * ```
   */
  readonly userId?: (user: never) => WsAuthUserKey | null | undefined;
  /**
   * End of a session in epoch milliseconds; `undefined` does not expire. Other values refuse the connection.
   *
   * @default `exp` (seconds) of the user, of the info, or of the JWT that the strategy accepted
   */
  readonly expiresAt?: (user: never, info: unknown) => number | undefined;
  /**
   * Property of the client that also holds the user, so that an HTTP guard which reads `request.user` works unchanged.
   *
   * @default 'user'
   */
  readonly property?: string;
  /**
   * Proxies whose `X-Forwarded-*` headers are believed, as `trust proxy` of Express: addresses, subnets, names such as
   * `'loopback'`, a predicate, a number of hops, or `true` for all.
   *
   * The peer of a Unix socket has no address. `true`, a number of hops and a predicate, which receives `undefined`, decide
   * on it as in Express; a list that contains the loopback addresses trusts it too.
   *
   * With `true` the client writes its own address, and so escapes every limit per address. An address that cannot be read
   * (`unknown`, an obfuscated one) equals no other: its client shares no limit with other clients, and only `maxPending`
   * bounds it.
   *
   * @default false
   * @example
   * ```ts
   * WsAuthModule.forRoot({ trustProxy: ['loopback', '10.0.0.0/8'] });
   * ```
   */
  readonly trustProxy?:
    boolean | number | string | readonly string[] | ((address: string, hop: number) => boolean);
  /**
   * Time in milliseconds that open sockets have to answer the close frame when the application shuts down; at least 0.
   *
   * After it, all connections to the HTTP server are destroyed that keep it from closing, so that no peer can prolong
   * `app.close()`. Only a request that waits for the first byte of the application's response is left to the application.
   *
   * @default 5_000
   */
  readonly shutdownTimeoutMs?: number;
  /**
   * Whether nodes publish which sessions their users have, for `listCluster()`, `countCluster()` and `rebalance()` of `WsAuthSessions`. It
   * costs the store a write for the users whose sessions have changed, every 100 ms at most. Needs `store`.
   *
   * @default false
   */
  readonly presence?: boolean;
  /**
   * Time in milliseconds over which `app.close()` spreads the end of the sessions, before it closes anything: at least 0, which ends all
   * together.
   *
   * New upgrades are refused with 503 meanwhile. Clients that know the event `draining` connect to another node before their connection
   * closes, so that no message is lost, and the other nodes do not receive all clients together.
   *
   * @default 0
   */
  readonly drainMs?: number;
  /**
   * Connections that are not authenticated yet, in the whole application, at least 1. More are refused with 503. Stops
   * exhaustion by sockets that never authenticate, and by attempts that are abandoned.
   *
   * A refused client counts until it is closed. A strategy that still runs when its client has left, or after the deadline,
   * counts until it ends, for at most a minute.
   *
   * When all slots are taken, a client that presents a credential in its upgrade takes the slot of the oldest client that
   * has yet to send its first message. From 64 on, an eighth of the slots is kept for clients that present none.
   *
   * @default 4_096
   */
  readonly maxPending?: number;
  /**
   * Upgrades and sockets of one address that are not authenticated yet, at least 1 (IPv6: of one /64). More are refused with 429.
   *
   * @default 512
   */
  readonly maxPendingPerAddress?: number;
  /**
   * Failed attempts after which the next is refused with 429 and `Retry-After` before a strategy runs. Stops guessing. Up
   * to `maxPendingPerAddress` attempts that are already under way still run.
   *
   * @default no limit
   * @see {@link https://www.rfc-editor.org/rfc/rfc6585#section-4 RFC 6585 §4}
   */
  readonly failedAttempts?: FailedAttemptOptions;
  /**
   * Level of the one line that is logged for each refusal, or `false` for none.
   *
   * @default 'debug'
   */
  readonly refusalLogLevel?: 'error' | 'warn' | 'log' | 'debug' | 'verbose' | false;
  /**
   * Makes the strategy `ws-ticket` and {@link WsTickets}, with these bounds.
   *
   * @default no tickets
   */
  readonly tickets?: WsTicketOptions;
  /**
   * What nodes share: tickets and revocations. `redisWsAuthStore(client)` of `nestjs-ws-auth/redis`, for example.
   *
   * @default this process alone, in memory
   */
  readonly store?: WsAuthStore;
  /**
   * Age in milliseconds at which what a node knows of revocations is out of date, from 100. Live sessions of a node that
   * is disconnected from its store run no longer than this.
   *
   * @default 30_000
   */
  readonly maxStalenessMs?: number;
  /**
   * What happens to live sessions of a node that is disconnected for `maxStalenessMs`: they are closed with 1013, or kept. New
   * connections are refused with 503 either way.
   *
   * @default 'close'
   */
  readonly onStoreLoss?: 'close' | 'keep';
  /**
   * Time in milliseconds, from 0 to 60,000, by which the clock of the issuer of tokens may be behind that of the servers. A
   * token whose `iat` is that much before a revocation counts as issued after it: otherwise a user who logs in again is refused
   * until the clock of the issuer has passed the revocation.
   *
   * It is 0 because of its price: a stolen token that was issued within this time before the revocation, and that no session
   * stands on at that moment, stays valid. Tokens of the sessions that end are refused whatever it is. Keep clocks in step (NTP)
   * first.
   *
   * @default 0
   */
  readonly clockToleranceMs?: number;
  /**
   * What `maxSessionsPerUser` counts: the sockets of this node, or with `'cluster'` those of all nodes that share the
   * `store`, in the gateways that have a limit. The limit on all nodes costs one command of the store per connection; a
   * node that dies keeps its leases for 1.5 × `maxStalenessMs`.
   *
   * @default 'node'
   */
  readonly sessionLimitScope?: 'node' | 'cluster';
  /**
   * What measures and traces authentication: `openTelemetry()` of `nestjs-ws-auth/opentelemetry`.
   *
   * @default nothing is measured
   */
  readonly telemetry?: WsAuthTelemetry;
  /** Names of the events of the wire protocol. */
  readonly events?: Partial<WsAuthEventNames>;
}
