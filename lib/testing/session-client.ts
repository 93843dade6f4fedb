import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { SessionLifecycle } from '../adapters/session-lifecycle.js';
import { SessionGate } from '../adapters/ws/session-gate.js';
import type { WsAuthEvents } from '../events/ws-auth-events.js';
import type { RevokeOptions } from '../sessions/revocation-target.js';
import type { WsAuthSession } from '../sessions/session.js';
import type { LiveSessions } from '../sessions/live-sessions.js';
import type { WsAuthSessions } from '../sessions/ws-auth-sessions.service.js';
import { connectionKey } from './connection-key.js';
import { WsRefusedError } from './ws-refused.error.js';
import { WsTestClient, type SocketClosing, type WsTestClientOptions } from './test-client.js';

/** A connection on its way, which has a key as soon as the system has made it. */
export class Connection {
  key: string | undefined;

  /** @param onKey called before the first byte is sent */
  constructor(private readonly onKey: (key: string) => void = () => undefined) {}

  /** The option of `ws` that sends the handshake. */
  readonly finishRequest = (request: ClientRequest): void => {
    request.once('socket', (socket) => {
      socket.once('connect', () => this.#name(socket));
    });
    request.end();
  };

  #name(socket: Socket): void {
    this.key = connectionKey.ofClient(socket);
    this.onKey(this.key);
  }
}

/** An hour of fake time is 120 pings in one turn. Its types do not know the option of `ws` yet. */
const manyPings: object = { maxPendingAutoPongs: 0 };

/** Where the sessions of an application are. */
export interface SessionSource {
  readonly sessions: WsAuthSessions;
  readonly live: LiveSessions;
  readonly events: WsAuthEvents;
}

/**
 * A client of an application under test, and the session that it has there.
 *
 * @example
 * ```ts
 * await using client = await connectAs(app, { id: 'alice' });
 * const { code } = await client.expire();
 * ```
 * @publicApi
 */
export class WsSessionClient extends WsTestClient {
  readonly #source: SessionSource;
  readonly #connection: Connection;
  readonly #begun: Promise<undefined>;

  /** @internal */
  constructor(
    url: URL,
    options: WsTestClientOptions,
    source: SessionSource,
    connection: Connection,
  ) {
    const { finishRequest } = connection;
    super(url.href, { ...manyPings, ...options, finishRequest });
    this.#source = source;
    this.#connection = connection;
    this.#begun = this.#follow();
  }

  /** The session in the application, as it is now; `undefined` before it begins and after its end. */
  get session(): WsAuthSession | undefined {
    return this.#life?.session;
  }

  /**
   * Ends the session as its expiry does, without waiting for it, and resolves when the socket is closed.
   *
   * @throws {Error} without a session.
   */
  async expire(): Promise<SocketClosing> {
    this.#demandLife().onEnd();
    return this.closed();
  }

  /**
   * Revokes the session and its credential as `WsAuthSessions.revoke()` does, and resolves when the socket is closed.
   *
   * @throws {Error} without a session.
   */
  async revoke(options?: RevokeOptions): Promise<SocketClosing> {
    const { id: sessionId } = this.#demandLife().session;
    await this.#source.sessions.revoke({ sessionId }, options);
    return this.closed();
  }

  /**
   * Renews the session as `WsAuthSessions.refresh()` does. The client is sent `authenticated`, as the next frame.
   *
   * @param user the same user, with a later `exp` for example
   * @returns the renewed session
   * @throws {Error} without a session, and `WsAuthError` for another user, and for a value that is not a user.
   */
  renew(user: object, info?: unknown): WsAuthSession {
    return this.#source.sessions.refresh(this.#demandLife().session.id, user, info);
  }

  /**
   * Sends a first message, and resolves when the session has begun.
   *
   * @throws {WsRefusedError} if the socket is closed instead.
   * @internal
   */
  async authenticate(message: string): Promise<void> {
    this.sendRaw(message);
    const closing = await this.orClosing('an answer to the first message', this.#begun);
    if (closing) {
      throw WsRefusedError.ofClosing(closing);
    }
  }

  /** Resolves when the session begins. */
  #follow(): Promise<undefined> {
    return new Promise((resolve) => {
      const stop = this.#source.events.on('authenticated', () => {
        const life = this.#life;
        if (life) {
          stop();
          outliveHeartbeats(life);
          resolve(undefined);
        }
      });
      this.socket.once('close', stop);
    });
  }

  get #life(): SessionLifecycle | undefined {
    for (const live of this.#source.live.all()) {
      if (live instanceof SessionLifecycle) {
        const { socket } = live.peer;
        if (connectionKey.ofServer(socket as Socket) === this.#connection.key) {
          return live;
        }
      }
    }
    return undefined;
  }

  #demandLife(): SessionLifecycle {
    const life = this.#life;
    if (!life) {
      throw new Error('the client has no session');
    }
    return life;
  }
}

/** Fake time passes faster than the answer to a ping travels, so the peer would look as if it was gone. */
function outliveHeartbeats({ connection }: SessionLifecycle): void {
  if (connection instanceof SessionGate) {
    Object.defineProperty(connection.client, 'wsAuthAlive', { get: () => true, set: ignore });
  }
}

function ignore(): void {}
