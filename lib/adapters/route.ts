import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { realSubprotocols, type Redaction } from '../credentials/redaction.js';
import { comesTooLate } from '../passport/thenable.js';
import { describe } from '../policy/check-option.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { Handshake } from '../protocol/handshake.js';

/** Where the upgrades of one path go. */
export interface UpgradeRoute {
  /** Whether it refuses every upgrade with 503, because the application closes. */
  readonly isClosing: boolean;
  /** Whether it passes on upgrades whose clients have yet to authenticate. */
  readonly authenticatesLater?: boolean;
  upgrade(request: IncomingMessage, socket: Duplex, handshake: Handshake): void;
  /** Refuses what is on its way, and ends the connections. */
  close(): void;
}

/** Where the upgrades of gateways go. */
export interface Route extends UpgradeRoute {
  readonly server: WebSocketServer;
}

/** Path that requests name for what a gateway writes, as Nest normalises it: `chat`, `/chat`, `//chat` and `/chat/` are one. */
export function routePathname(path: string | undefined): string {
  const segments = (path ?? '').split('/').filter(Boolean);
  return `/${segments.join('/')}`;
}

/** Patterns, and what every client sends percent-encoded or removes: no request has a path like this. */
const unmatchable = /\/:|[*?#{}"<>`]|[^\x21-\x7e]|\/\.{1,2}(?:\/|$)/;

/**
 * Refuses a path that no upgrade can match, since paths are compared as they are sent.
 *
 * @throws {WsAuthConfigurationError} for a pattern such as `/rooms/:id`, and for a character that URLs do not hold.
 */
export function demandExactPath(path: unknown): void {
  if (path !== undefined && (typeof path !== 'string' || unmatchable.test(routePathname(path)))) {
    throw new WsAuthConfigurationError(
      `path: ${typeof path === 'string' ? JSON.stringify(path) : describe(path)} matches no request, because the paths of gateways ` +
        'are exact; name one path without a pattern, percent-encoded, and read what varies from the query or from a message',
    );
  }
}

type HandleProtocols = (protocols: Set<string>, request: IncomingMessage) => string | false;

/**
 * Makes a `handleProtocols` that throws unless it chooses one of the offered subprotocols, or none: `ws` would write the text of a
 * promise into the response, and its rejection would end the process.
 */
export function checkedProtocols(handle: HandleProtocols): HandleProtocols {
  return (offered, request) => {
    const choice: unknown = handle(offered, request);
    if (!choice) {
      return false;
    }
    if (comesTooLate(choice) || !offered.has(choice as string)) {
      throw new TypeError('handleProtocols: expected one of the offered subprotocols, or false');
    }
    return choice as string;
  };
}

/**
 * Answers one of the offered subprotocols: by the gateway's own `handleProtocols`, or the first.
 *
 * The choice is made before `handleUpgrade`, because `ws` ends the process when `handleProtocols` throws and would echo an
 * entry that holds a token.
 */
export class SubprotocolChoice {
  readonly #chosen = new WeakMap<IncomingMessage, string>();

  /** @param ofGateway what {@link checkedProtocols} has made of the gateway's function */
  constructor(private readonly ofGateway: HandleProtocols | undefined) {}

  /** Chooses among the entries that hold no credential. Whatever the gateway's function throws is thrown here. */
  choose({ subprotocols }: Handshake, redaction: Redaction, request: IncomingMessage): void {
    const offered = realSubprotocols(subprotocols, redaction);
    const [first] = offered;
    if (first === undefined) {
      return;
    }
    const choice = this.ofGateway ? this.ofGateway(new Set(offered), request) : first;
    if (choice !== false) {
      this.#chosen.set(request, choice);
    }
  }

  /** The `handleProtocols` of the server. */
  readonly answer = (_offered: Set<string>, request: IncomingMessage): string | false =>
    this.#chosen.get(request) ?? false;
}
