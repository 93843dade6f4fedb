import type { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ContainedLogger } from '../../events/contained-logger.js';
import type { Authenticated } from '../../authentication/authenticated.js';
import { logText } from '../../protocol/log-text.js';
import type { Connection } from '../connection.js';
import { contain } from '../contain.js';
import type { Peer } from '../peer.js';
import type { SessionContext } from '../session-context.js';
import { SessionLifecycle } from '../session-lifecycle.js';
import { installValve, type Valve } from './socket-valve.js';

/** Close code of a socket that ended without a close frame, or with one that only the other server has read. */
const noCloseFrame = 1006;

/**
 * A connection that another server runs. Its protocol is unknown here, so that no message of this package is ever sent, and the end
 * of the session is the end of the socket.
 */
export class UpgradedConnection implements Connection, Valve {
  readonly life: SessionLifecycle;
  context: AsyncResource | undefined;
  readonly #unanswered: NodeJS.Timeout;
  #answered = false;

  constructor(
    readonly request: IncomingMessage,
    context: SessionContext,
    readonly peer: Peer,
    authenticated: Authenticated,
  ) {
    this.life = new SessionLifecycle(this, context, peer, authenticated);
    this.#unanswered = setTimeout(() => this.#giveUp(), context.policy.authTimeoutMs);
    this.#unanswered.unref();
    this.#socket.once('close', () => this.#closed());
    this.#keepAlive(context.policy.heartbeatIntervalMs);
    installValve(this.#socket, this);
  }

  get clients(): readonly [IncomingMessage] {
    return [this.request];
  }

  get isOpen(): boolean {
    return this.life.isOpen;
  }

  /** The other server has answered the upgrade. */
  onWrite(): void {
    if (!this.#answered) {
      this.#answered = true;
      clearTimeout(this.#unanswered);
    }
  }

  send(): void {
    // A message would be part of a protocol that only the other server speaks.
  }

  /**
   * Ends as when the client leaves: proxies end their own connection when this socket has been read to its end, and not when it merely
   * closes. An error would do so as well, and others, such as http-proxy-3, throw it where their own event has no listener.
   */
  end(): void {
    const socket = this.#socket;
    if (!socket.destroyed && !socket.readableEnded) {
      contain('a listener of "end"', () => void socket.emit('end'));
    }
    socket.destroy();
  }

  refuse(): void {
    this.end();
  }

  onClosed(callback: (code: number) => void): void {
    this.#socket.once('close', () => callback(noCloseFrame));
  }

  get #socket(): Duplex {
    return this.peer.socket;
  }

  /** The other server may send no pings, and a client that has vanished would keep its session for ever. */
  #keepAlive(intervalMs: number): void {
    if (intervalMs > 0) {
      (this.#socket as Partial<Socket>).setKeepAlive?.(true, intervalMs);
    }
  }

  #closed(): void {
    clearTimeout(this.#unanswered);
    this.life.closed(noCloseFrame);
  }

  /** Listeners of `upgrade` ignore what is not for them, and a client would wait for ever. */
  #giveUp(): void {
    new ContainedLogger('WsAuth').warn(
      `upgrades: no server answered an upgrade of path=${logText(this.peer.path)} in time; it is authenticated and passed on to the ` +
        "listeners of 'upgrade' of the HTTP server, so attach the server there",
    );
    this.life.end({ why: 'failed' });
  }
}
