import type { INestApplicationContext, Provider } from '@nestjs/common';
import type { WsAuthModuleOptions } from '../../policy/options.js';
import type { ConformanceGateway } from './conformance-gateway.js';

/**
 * What a client of the conformance suite presents.
 *
 * - `handshake`: a token in the `Authorization` header of the HTTP request that opens the connection.
 * - `message`: a token in what the protocol sends first: the message `authenticate`, the payload of CONNECT or of `connection_init`.
 * - `none`: the client speaks its protocol as usual and presents nothing.
 * - `silent`: the client opens the connection and sends nothing more.
 *
 * @publicApi
 */
export type ConformanceCredential = ConformanceToken | ConformanceSilence;

/**
 * A token, and what carries it.
 *
 * @publicApi
 */
export interface ConformanceToken {
  /** What carries the token: the handshake, or a message. */
  readonly in: 'handshake' | 'message';
  /** The token. */
  readonly token: string;
}

/**
 * A client without a token.
 *
 * @publicApi
 */
export interface ConformanceSilence {
  /** What the client does instead of sending a token. */
  readonly in: 'none' | 'silent';
}

/**
 * What the suite wants of an application under test.
 *
 * @publicApi
 */
export interface ConformanceApplication {
  /** Options for `WsAuthModule.forRoot()`. Add `platform`, and what else the transport needs. */
  readonly options: WsAuthModuleOptions;
  /** Providers that the module has beside the gateway, such as the strategy of the suite. */
  readonly providers: readonly Provider[];
  /** What the gateway, or the resolver, reports to. */
  readonly gateway: ConformanceGateway;
}

/**
 * Why a connection ended, or was refused, as its client has learnt it.
 *
 * @publicApi
 */
export interface ConformanceEnding {
  /** The reason as text, such as `token expired`; empty if the client has learnt none. */
  readonly reason: string;
  /** HTTP status or close code, for the message of a case that fails. */
  readonly code?: number | undefined;
}

/**
 * A message of this package to a client.
 *
 * @publicApi
 */
export interface ConformanceNotice {
  /** Which message it is. */
  readonly notice: 'authenticated' | 'expiring';
  /** End of the session in epoch milliseconds; `null` does not expire. */
  readonly expiresAt: number | null;
}

/**
 * A client on a real connection to the application under test.
 *
 * @publicApi
 */
export interface ConformanceClient extends AsyncDisposable {
  /** Texts of the application that have arrived, in order. */
  readonly received: readonly string[];
  /** Messages of this package that have arrived after the connection was accepted, in order. */
  readonly notices: readonly ConformanceNotice[];
  /** Resolves when the connection has ended, or was refused. It is asked for any number of times, also afterwards. */
  ended(): Promise<ConformanceEnding>;
  /** Sends a text to the handler, as soon as the protocol allows it. It may be called right after `connect()`. */
  send(text: string): void;
  /** Authenticates again on the open connection. */
  authenticate(token: string): void;
}

/**
 * An application under test that listens, on a port of the loopback interface.
 *
 * @publicApi
 */
export interface RunningTransport {
  /** The application, or a testing module: what its providers are asked of. */
  readonly app: Pick<INestApplicationContext, 'get'>;
  /** Opens a connection. A refusal is what `ended()` of the client resolves with. */
  connect(credential: ConformanceCredential): ConformanceClient;
  /** Sends a text to all clients, in the way of an application that knows nothing of this package. */
  broadcast(text: string): void;
  /** Closes the application. It is called once; clients may still be connected. */
  close(): Promise<void>;
}

/**
 * Starts an application whose transport is under test. A case calls it once or twice.
 *
 * @publicApi
 */
export type OpenTransport = (application: ConformanceApplication) => Promise<RunningTransport>;
