import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Strategies } from '../passport/strategies.js';
import type { Policy } from '../policy/policy.js';

/** Answers a plain HTTP request, or returns `false` to leave it to others. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** What the adapter knows of the application. The module provides it. */
export interface AdapterContext {
  readonly strategies: Strategies;
  /** The HTTP server of the application, if it has one. */
  readonly httpServer: Server | undefined;
  /**
   * The policy of the gateways on that port and path, or `undefined` if they are public.
   *
   * @throws {WsAuthConfigurationError} if they disagree.
   */
  policyOf(port: number, path: string | undefined): Policy | undefined;
  /** Puts a handler in front of the routes of the application's own server. */
  handleRequests(handler: RequestHandler): void;
}

/** Token under which an adapter that the application made itself finds its context. */
export const WS_AUTH_ADAPTER_CONTEXT = Symbol('nestjs-ws-auth:adapter-context');
