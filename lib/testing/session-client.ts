import type { WebSocket } from 'ws';
import { SessionLifecycle } from '../adapters/session-lifecycle.js';
import type { WsAuthEvents } from '../events/ws-auth-events.js';
import type { RevokeOptions } from '../sessions/revocation-target.js';
import type { WsAuthSession } from '../sessions/session.js';
import type { LiveSessions } from '../sessions/live-sessions.js';
import type { WsAuthSessions } from '../sessions/ws-auth-sessions.service.js';
import { WsTestClient } from './test-client.js';
import type { Receive, SessionWire, SocketClosing } from './wire.js';
import { WsRefusedError } from './ws-refused.error.js';

/** Where the sessions of an application are. */
export interface SessionSource {
  readonly sessions: WsAuthSessions;
  readonly live: LiveSessions;
  readonly events: WsAuthEvents;
}

/** Opens the socket of a client whose session can be found. */
export type OpenSessionWire = (receive: Receive) => SessionWire<object>;

/**
 * A client of an application under test, and the session that it has there.
 *
 * @typeParam Socket - the socket of the transport: that of `ws`, or the client of `socket.io-client`
 * @example
 * ```ts
 * await using client = await connectAs(app, { id: 'alice' });
 * const { code } = await client.expire();
 * ```
 * @publicApi
 */
export class WsSessionClient<Socket extends object = WebSocket> extends WsTestClient<Socket> {
  readonly #source: SessionSource;
  readonly #wire: SessionWire<object>;
  readonly #begun: Promise<void>;
  #begin: () => void = () => undefined;

  /** @internal */
  constructor(
    options: { readonly timeoutMs?: number },
    open: OpenSessionWire,
    source: SessionSource,
  ) {
    let wire: SessionWire<object> | undefined;
    super(undefined, options, (receive) => (wire = open(receive)) as SessionWire<Socket>);
    this.#wire = wire!;
    this.#source = source;
    this.#begun = new Promise((resolve) => (this.#begin = resolve));
    const stop = source.events.on('authenticated', () => this.#notice());
    void wire!.closed.then(stop);
  }

  /** The session in the application, as it is now; `undefined` before it begins and after its end. */
  get session(): WsAuthSession | undefined {
    return this.#life?.session;
  }

  override async opened(): Promise<this> {
    await super.opened();
    this.#notice();
    return this;
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
    await this.#orRefused('an answer to the first message', this.#begun);
  }

  /**
   * Resolves when the server has acknowledged the first message.
   *
   * @param isDue false for a message that was not the credential of the session: the server does not acknowledge it
   * @internal
   */
  async acknowledged(isDue: boolean): Promise<void> {
    await this.#orRefused('an acknowledgement', this.#wire.acknowledged(isDue));
  }

  async #orRefused(what: string, promise: Promise<unknown>): Promise<void> {
    const done = promise.then(() => undefined);
    const closing = await this.orClosing(what, done);
    if (closing) {
      throw WsRefusedError.ofClosing(closing);
    }
  }

  /** The session may have begun: that of another client has, or this one has been accepted. */
  #notice(): void {
    const life = this.#life;
    if (life) {
      this.#wire.outliveHeartbeats(life);
      this.#begin();
    }
  }

  get #life(): SessionLifecycle | undefined {
    for (const live of this.#source.live.all()) {
      if (live instanceof SessionLifecycle && this.#wire.owns(live)) {
        return live;
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
