import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { describe } from '../../policy/check-option.js';
import type { IoServerOptions } from './platform-types.js';

/** Where a server listens, and what it takes. */
interface Served {
  readonly port: number;
  /** As the gateway writes it. */
  readonly written: string;
  /** Requests whose target begins with it are for the server. */
  readonly prefix: string;
}

/**
 * The paths of the servers of an application. Each takes every request whose target begins with its path, from listeners of one HTTP
 * server: where one path covers another, the order of the gateways decides whose clients they are, and an upgrade is
 * answered twice.
 */
export class ServerPaths {
  readonly #all: Served[] = [];

  /**
   * Adds a server.
   *
   * @returns what requests for the server begin with
   * @throws {WsAuthConfigurationError} for a path that matches no request, and for one that covers that of another server
   */
  add(port: number, { path = '', addTrailingSlash = true }: IoServerOptions): string {
    demandMatching(path);
    const written = path || '/socket.io';
    // The defaults of Socket.IO and of engine.io.
    const prefix = (written.replace(/\/$/, '') || '/engine.io') + (addTrailingSlash ? '/' : '');
    const other = this.#all.find(
      (each) =>
        each.port === port && (each.prefix.startsWith(prefix) || prefix.startsWith(each.prefix)),
    );
    if (other) {
      throw new WsAuthConfigurationError(
        `path: ${written} and ${other.written} are paths of two servers of Socket.IO, and one covers the other, since each stands for ` +
          'all paths that begin with it; write the same path on both gateways, or give each its own; where an adapter overrides ' +
          'create(), return what super.create(port, options) returns, which has one server for all namespaces',
      );
    }
    this.#all.push({ port, written, prefix });
    return prefix;
  }
}

/** @throws {WsAuthConfigurationError} for a path that no request target can begin with */
function demandMatching(path: unknown): void {
  if (typeof path !== 'string' || !/^(?:\/[!-~]*)?$/.test(path) || /[?#]/.test(path)) {
    const given = typeof path === 'string' ? JSON.stringify(path) : describe(path);
    throw new WsAuthConfigurationError(
      `path: ${given} matches no request; write a path that begins with a slash, percent-encoded`,
    );
  }
}
