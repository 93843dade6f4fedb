import type { WebSocketAdapter } from '@nestjs/common';
import type { WsAuthPlatform } from '../policy/platform.js';
import type { AdapterContext } from './adapter-context.js';

/** What the module asks of a platform. Each has a folder beside this file, which alone imports the packages of the platform. */
export interface Platform extends WsAuthPlatform {
  /** Name of the adapter class, for messages. */
  readonly adapterName: string;
  /** Makes the adapter that authenticates. */
  createAdapter(context: AdapterContext): WebSocketAdapter;
  /** Whether an adapter that the application has set authenticates. */
  isAdapter(adapter: unknown): boolean;
  /**
   * Logs an exception of application code, and closes its client with the code for an internal error.
   *
   * @param what names the code in the log line
   */
  failClient(client: object, what: string, error: unknown): void;
}
