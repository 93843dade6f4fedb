import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { isIgnored } from '../unanswered-upgrade.js';
import type { IoServerOptions } from './platform-types.js';

/** Time in milliseconds that another server has to answer an upgrade, where engine.io would end none. */
const answerMs = 10_000;

/** The same where it would: its default. */
const engineMs = 1_000;

/**
 * Ends the upgrades of one HTTP server that neither its servers of Socket.IO nor other listeners answer.
 *
 * Each engine would do so by itself, and for the paths of its neighbours, too: after a second, which a strategy may well need. It does
 * nothing where it has no WebSockets, so that a client could hold any number of sockets, for ever.
 */
export class StrayUpgrades {
  /** What the URL of an upgrade begins with that a server takes. */
  readonly #prefixes: string[] = [];
  #graceMs = answerMs;

  constructor(server: Server) {
    // Before listeners that answer at once.
    server.prependListener('upgrade', this.#onUpgrade);
  }

  /**
   * Adds a server, which was made with `destroyUpgrade: false`.
   *
   * @param options as the application wrote them
   */
  add(
    prefix: string,
    { transports, destroyUpgrade, destroyUpgradeTimeout }: IoServerOptions,
  ): void {
    if (transports && !transports.some((each) => each === 'websocket')) {
      return;
    }
    this.#prefixes.push(prefix);
    if (destroyUpgrade !== false) {
      this.#graceMs = Math.min(this.#graceMs, destroyUpgradeTimeout || engineMs);
    }
  }

  readonly #onUpgrade = ({ url = '' }: IncomingMessage, socket: Socket): void => {
    if (this.#prefixes.some((prefix) => url.startsWith(prefix))) {
      return;
    }
    socket.on('error', destroy);
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

/** Without a listener, a reset would end the process. */
function destroy(this: Socket): void {
  this.destroy();
}
