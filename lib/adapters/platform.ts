import type { WebSocketAdapter } from '@nestjs/common';
import type { WsAuthPlatform } from '../policy/platform.js';
import type { Refusal } from '../protocol/refusal.js';
import type { AdapterContext } from './adapter-context.js';

/** What the module asks of a platform. Each has a folder beside this file, which alone imports the packages of the platform. */
export interface Platform extends WsAuthPlatform {
  /** Name of the adapter class, for messages. */
  readonly adapterName: string;
  /** Name of the namespace that a client has joined. */
  namespaceOf?(client: object): string;
  /** Whether gateways of one port and path may demand different things, each in a namespace of its own. */
  readonly hasNamespaces?: boolean;
  /** Makes the adapter that authenticates. */
  createAdapter(context: AdapterContext): WebSocketAdapter;
  /** Whether an adapter that the application has set authenticates. */
  isAdapter(this: void, adapter: unknown): boolean;
  /** Whether an adapter has made the server that it hands to Nest. */
  hasMade(this: void, adapter: object, server: unknown): boolean;
  /**
   * Logs an exception of application code, and closes its client with the code of the exception or that for an internal error.
   *
   * @param what names the code in the log line
   */
  failClient(client: object, what: string, error: unknown): void;
  /** Closes a client that a guard or a hook has refused. From the return on nothing of the client is dispatched. */
  refuseClient(client: object, refusal: Refusal): void;
  /** Sends an event to a client, in Nest's format. */
  emitTo(client: object, event: string, data: unknown): void;
  /**
   * Keeps the messages of a client from all handlers, in order. The transport reads no more of them where it can.
   *
   * @param onDropped called if the connection ends before
   * @param outlives whether they are handled after the hold also if the client has left meanwhile; asked when it leaves
   * @returns a function that has them handled
   */
  holdClient(client: object, onDropped: () => void, outlives: () => boolean): () => void;
  /** Calls back once, when the client has disconnected, also while its messages are held; synchronously if it has already. */
  onClosed(client: object, callback: () => void): void;
}
