import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WsAuthAttemptEvent } from '../events/ws-auth-events.js';
import type { ClientFacts } from '../passport/client-facts.js';
import { clientKey, socketKey } from '../policy/client-key.js';
import type { Policy } from '../policy/policy.js';
import { isForwarded } from '../policy/proxy-trust.js';
import type { Handshake } from '../protocol/handshake.js';
import { ownCopy } from '../protocol/own-copy.js';
import type { WsAuthTransport } from '../protocol/transport.js';
import { headOf, requestOf } from './upgrade-head.js';

/**
 * The client of an upgrade, for as long as its socket lives.
 *
 * The kernel is asked for the address only when it is needed: that takes about as long as reading the whole handshake. The
 * headers of proxies are read in the constructor, so that nothing has to keep the request.
 */
export class Peer implements ClientFacts {
  readonly path: string;
  readonly origin: string | undefined;
  readonly transport: WsAuthTransport;
  #address: string | undefined;
  #names = '';
  #values = '';

  constructor(
    readonly socket: Duplex,
    request: IncomingMessage,
    { target, origin }: Handshake,
    { trust, transport }: Pick<Policy, 'trust' | 'transport'>,
  ) {
    this.transport = transport;
    // The URL may hold a credential, and a session lives longer.
    this.path = ownCopy(target.path);
    this.origin = origin;
    if (isForwarded(request)) {
      this.#address = clientKey(request, trust);
    }
  }

  /** Reads the address now: after a disconnect the kernel no longer knows it. */
  identify(): void {
    void this.address;
  }

  /** Where the client comes from and goes to, as events have it. */
  placeIn(namespace: string | undefined): WsAuthAttemptEvent {
    const { path, address } = this;
    return namespace === undefined ? { path, address } : { path, address, namespace };
  }

  /** Keeps what a renewal shows to middleware and strategies. Called when the session begins, so that no refusal pays for it. */
  remember(request: IncomingMessage, bareUrl: string): void {
    const { names, values } = headOf(request, bareUrl);
    this.#names = names;
    this.#values = values;
  }

  /** The upgrade as handlers saw it, without its credential. */
  get request(): IncomingMessage {
    return requestOf({ names: this.#names, values: this.#values }, this.socket);
  }

  /** Key of the client's address; one that equals no other if the address cannot be read. */
  get address(): string {
    this.#address ??= socketKey(this.socket);
    return this.#address;
  }
}
