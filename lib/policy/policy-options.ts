import type { IncomingMessage } from 'node:http';
import type { WsCredentialExtractor } from '../credentials/extractor.js';
import type { WsAuthMiddleware } from '../passport/express-request.js';
import type { WsAuthRejection } from './rejection.js';

/**
 * A function that accepts or refuses the origin of a page. `origin` is `undefined` when the request has no `Origin`. Throwing
 * and waiting refuse.
 */
export type OriginPredicate = (
  origin: string | undefined,
  request: IncomingMessage,
) => boolean | Promise<boolean>;

/** One allowed origin: exact (`https://app.example.com`), or an expression that must match a whole origin. */
export type AllowedOrigin = string | RegExp;

/** Close codes that replace the registered ones. Each is 1000, 1001, 1003, 1007–1009, 1011–1013 or 3000–4999. */
export interface CloseCodeOptions {
  /** @default 3000 */
  readonly unauthorized?: number;
  /** @default 3003 */
  readonly forbidden?: number;
  /** @default 3008 */
  readonly timeout?: number;
}

/**
 * The policy of one gateway: strategies, extractors, origins, limits and deadlines. Every field overrides the module's.
 *
 * @publicApi
 */
export interface WsAuthPolicyOptions {
  /**
   * Name of a registered Passport strategy, or names that are tried in order until one succeeds.
   *
   * @default `defaultStrategy` of `PassportModule`; without one the application refuses to boot
   */
  readonly strategy?: string | readonly string[];
  /**
   * Where credentials are looked for. The order does not matter: a request with two explicit credentials is refused.
   *
   * @default [fromAuthorizationHeader(), fromFirstMessage()]
   * @example
   * ```ts
   * WsAuthModule.forRoot({ credentials: [fromFirstMessage(), fromCookie('token')] });
   * ```
   */
  readonly credentials?: readonly WsCredentialExtractor[];
  /**
   * Accepts clients without a credential as an explicit anonymous session (`user === null`). A bad credential is still
   * refused. Refuses to boot beside `fromFirstMessage()`, which is among the default credentials: it waits for a credential.
   * Classes that extend the gateway do not inherit it.
   *
   * @default false
   */
  readonly optional?: boolean;
  /**
   * How a refused upgrade is answered. Browsers hide its HTTP status from the page (it sees close code 1006, whatever
   * happened) and make the next attempt wait for seconds.
   *
   * - `'http'`: by the HTTP status.
   * - `'close'`: by a 101, immediately followed by a close frame with the code and the reason of the refusal.
   * - `'auto'`: by a close frame if the request has an `Origin`, as those of browsers do, otherwise by the HTTP status. A 401
   *   that the browser itself must see stays one: to credentials of HTTP Basic, and with the challenge of a strategy
   *   such as Digest.
   *
   * An upgrade that is not a valid handshake for this path, comes beyond `maxPending` or `maxPendingPerAddress`, or while the application
   * shuts down, is answered by HTTP in any case, which costs less. A socket that is accepted to be closed counts as
   * pending until it is closed, reaches no handler, and is terminated after a second.
   *
   * Browsers send the user information of a URL only after a 401 that asks for Basic. A policy with `fromUserInfo()`, or one
   * that reads Basic and refuses requests without a credential, therefore refuses by HTTP with `'auto'`, and does not
   * boot with `'close'`. `fromAuthorizationHeader({ schemes: ['Bearer'] })` reads no Basic.
   *
   * On Socket.IO `'auto'`, the default there, refuses at the CONNECT packet, where official clients read a `connect_error` with `data`
   * and do not try again; `'http'` refuses the first request by the HTTP status, which makes them try for ever.
   *
   * @default 'http'
   * @example
   * ```ts
   * WsAuthModule.forRoot({ rejection: 'auto' });
   * ```
   */
  readonly rejection?: WsAuthRejection;
  /**
   * Origins that may connect: exact origins, expressions that match a whole origin, a predicate, `'same-origin'` or
   * `'*'`. Stops cross-site WebSocket hijacking.
   *
   * With an ambient credential (cookie, Basic, anything a strategy reads itself) `'*'` refuses to boot and a cookie
   * without `Origin` is refused.
   *
   * @default 'same-origin' for ambient credentials, any origin for explicit ones
   * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-10.2 RFC 6455 §10.2}
   * @example
   * ```ts
   * WsAuthModule.forRoot({ allowedOrigins: ['https://app.example.com', /https:\/\/\w+\.example\.com/] });
   * ```
   */
  readonly allowedOrigins?:
    '*' | 'same-origin' | AllowedOrigin | readonly AllowedOrigin[] | OriginPredicate;
  /**
   * Time in milliseconds from the upgrade to the end of the authentication; nothing extends it. At least 1, at most
   * 2^31 - 1. Stops sockets that wait for ever.
   *
   * @default 5_000
   */
  readonly authTimeoutMs?: number;
  /**
   * Size in bytes of a credential, and of the first message; at least 16. Stops memory exhaustion before authentication.
   *
   * @default 8_192
   */
  readonly maxCredentialBytes?: number;
  /**
   * Messages that are kept while the first one is verified; at least 0. More close the socket with 1008.
   *
   * @default 64
   */
  readonly maxQueuedMessages?: number;
  /**
   * Bytes of the messages that are kept while the first one is verified; at least 0. More close the socket with 1008.
   *
   * @default 65_536
   */
  readonly maxQueuedBytes?: number;
  /**
   * `realm` of the challenges. No control characters.
   *
   * @default 'Users'
   */
  readonly realm?: string;
  /** @default the registered codes 3000, 3003 and 3008 */
  readonly closeCodes?: CloseCodeOptions;
  /**
   * Express-style middleware that runs before the strategies, such as `[session(…), passport.session()]`. Its response is
   * never sent: no `Set-Cookie` leaves with the 101, and no session is saved. Middleware that answers instead of calling
   * `next()` refuses the connection: with its status, its `Retry-After` and its challenges, and without its body.
   *
   * What it puts into an `AsyncLocalStorage` around `next()` is there in the strategies, in `handleConnection` and in the
   * handlers of that connection.
   *
   * @default []
   */
  readonly middleware?: readonly WsAuthMiddleware[];
  /**
   * Longest life of a session in milliseconds, at least 1, or `Infinity`; caps `expiresAt`. It counts from the first
   * authentication of the connection: neither a renewal nor `sessions.refresh()` extends it. Stops sockets that live on because
   * their credential names no end, or is renewed again and again.
   *
   * @default Infinity
   * @see {@link https://owasp.org/www-project-application-security-verification-standard/ ASVS 7.3.2}
   */
  readonly maxSessionAgeMs?: number;
  /**
   * Time in milliseconds before the end of a session at which the client is sent `expiring`; 0 sends none.
   *
   * @default 30_000
   */
  readonly expiryWarningMs?: number;
  /**
   * Authentications on an open socket per minute, at least 1. More close it with 1008. Stops guessing on a socket that is
   * already open.
   *
   * @default 30
   */
  readonly maxReauthenticationsPerMinute?: number;
  /**
   * Open sockets that one user may have, at least 1, or `Infinity`: in this process, or on all nodes, as
   * `sessionLimitScope` of the module sets. A user without a key (`userId`) is refused with 403, since its sockets cannot be
   * counted.
   *
   * @default Infinity
   * @example
   * ```ts
   * WsAuthModule.forRoot({ maxSessionsPerUser: 5, onLimit: 'closeOldest' });
   * ```
   */
  readonly maxSessionsPerUser?: number;
  /**
   * What happens to one socket too many: it is refused (429, or close 1013), or the user's oldest one is closed.
   *
   * @default 'refuse'
   */
  readonly onLimit?: 'refuse' | 'closeOldest';
  /**
   * Interval in milliseconds of the pings that find half-open sockets, at least 1; 0 sends none. A socket that answers
   * neither by a pong nor by a message until the next one is terminated. While the application has paused a client, its answers
   * are not read and it is not terminated. Socket.IO has pings of its own (`pingInterval`, `pingTimeout` of the gateway), and refuses to
   * boot with this option.
   *
   * @default 30_000
   */
  readonly heartbeatIntervalMs?: number;
  /**
   * Bytes that may wait to be sent to one client when the next message is sent, at least 1, or `Infinity`. A client that reads too
   * slowly is terminated, because its backlog uses server memory; callbacks of what it did not receive get an error. Each message
   * counts more than its payload, 128 bytes on WebSockets and 64 on Socket.IO, since a small one takes more memory than its bytes.
   *
   * One message may be larger than the bound. Messages that are sent in one turn of the event loop all wait, so an application that
   * sends more than this in a turn should wait for the callbacks of `send()`.
   *
   * @default 16_777_216
   */
  readonly maxBufferedBytes?: number;
  /**
   * Whether every request with the session id of a Socket.IO connection has to come from the address that opened it: polls, and the
   * upgrade to a WebSocket. Stops another client that has learnt the id of a connection. Clients that change their network meanwhile
   * have to connect again. Native WebSockets have one request only, so they refuse to boot with it.
   *
   * @default false
   */
  readonly bindSidToAddress?: boolean;
  /**
   * Whether guards of the class and global guards run before `handleConnection` as well. Guards on the method always do; the
   * others run for each message. A global guard that is made for HTTP alone would refuse every client.
   *
   * @default false
   */
  readonly connectionGuards?: boolean;
  /**
   * Whether the messages of a client wait until `handleConnection` of every gateway of its server has ended: its promise, or its
   * observable. Set it to `false` where `handleConnection` runs for as long as the client is connected. Messages wait for the guards
   * of a connection in any case, for `authTimeoutMs` at most.
   *
   * @default true
   */
  readonly awaitConnection?: boolean;
  /**
   * Time in milliseconds for which messages wait for a `handleConnection`, at least 1, at most 2^31 - 1. One that takes longer is
   * named in the log once, and the messages are handled. Stops hooks that never end from keeping messages for ever.
   *
   * @default 5_000
   */
  readonly connectionTimeoutMs?: number;
}
