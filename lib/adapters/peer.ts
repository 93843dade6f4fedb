import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ClientFacts } from '../passport/client-facts.js';
import { addressKey } from '../policy/address-key.js';
import { clientAddress, isForwarded, type ProxyTrust } from '../policy/proxy-trust.js';
import type { Handshake } from '../protocol/handshake.js';

/**
 * Who is at the other end of an upgrade, for as long as the socket lives.
 *
 * The kernel is asked for the address when somebody needs it: that takes about as long as reading the whole handshake. What
 * proxies say is read at once, so that nothing has to hold on to the request.
 */
export class Peer implements ClientFacts {
  readonly path: string;
  readonly origin: string | undefined;
  #address: string | undefined;

  constructor(
    readonly socket: Duplex,
    request: IncomingMessage,
    { target, origin }: Handshake,
    trust: ProxyTrust,
  ) {
    this.path = target.path;
    this.origin = origin;
    if (isForwarded(request)) {
      this.#address = addressKey(clientAddress(request, trust));
    }
  }

  /** Asks for the address now: of a client that has left, nobody knows it any more. */
  identify(): void {
    void this.address;
  }

  get address(): string {
    this.#address ??= addressKey((this.socket as Partial<Socket>).remoteAddress ?? '');
    return this.#address;
  }
}
