import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { isIgnored } from '../unanswered-upgrade.js';
import type { IoServerOptions } from './platform-types.js';
import { hasWebSockets } from './server-options.js';

/** Time in milliseconds that another server has to answer an upgrade, where the application has engine.io end none. */
const answerMs = 10_000;

/** The same where it would: its default. */
const engineMs = 1_000;

/**
 * Ends the upgrades of one HTTP server that neither its servers of Socket.IO nor other listeners answer.
 *
 * Each engine would do so by itself, and for the paths of its neighbours, too: after a second, which a strategy may well need. Where none
 * has WebSockets, nothing listens to `upgrade`, and Node takes such a request for a plain one.
 */
export class StrayUpgrades {
  /** What the URL of an upgrade begins with that a server takes. */
  readonly #prefixes: string[] = [];
  #graceMs = answerMs;

  constructor(private readonly server: Server) {}

  /**
   * Adds a server, which was made with `destroyUpgrade: false`.
   *
   * @param options as the application wrote them
   */
  add(prefix: string, options: IoServerOptions): void {
    if (!hasWebSockets(options)) {
      return;
    }
    if (this.#prefixes.length === 0) {
      // Before listeners that answer while they are called.
      this.server.prependListener('upgrade', this.#onUpgrade);
    }
    this.#prefixes.push(prefix);
    const { destroyUpgrade, destroyUpgradeTimeout } = options;
    if (destroyUpgrade !== false) {
      this.#graceMs = Math.min(this.#graceMs, destroyUpgradeTimeout || engineMs);
    }
  }

  readonly #onUpgrade = ({ url = '' }: IncomingMessage, socket: Socket): void => {
    socket.on('error', destroy);
    if (this.#prefixes.some((prefix) => url.startsWith(prefix))) {
      return;
    }
    // Those of answers to other requests on the connection.
    const before = socket.bytesWritten;
    const end = () => {
      if (socket.writable && isIgnored(socket, before)) {
        // A client that does not answer would keep its half open.
        socket.end(() => socket.destroy());
      }
    };
    setTimeout(end, this.#graceMs).unref();
  };
}

/** Without a listener of `error`, a reset, also while a strategy or a predicate runs, would end the process. */
function destroy(this: Socket): void {
  this.destroy();
}
