import type { Server } from 'node:http';
import type { PendingBudget } from '../authentication/pending-budget.js';
import type { ProxyTrust } from '../policy/proxy-trust.js';
import type { SessionDrain } from '../sessions/session-drain.js';
import type { HttpPort } from './http-port.js';
import type { RefusalReporter } from './refusal-reporter.js';
import type { SessionContext } from './session-context.js';

/** A port and path with gateways that demand authentication. */
export interface ProtectedServer {
  /** 0 for the application's own server. */
  readonly port: number;
  /** As the gateways write it. */
  readonly path: string | undefined;
  readonly context: SessionContext;
}

/** Called with each client before the gateways see it: holds its messages for hooks that Nest starts later. */
export type ExpectClient = (client: object) => void;

/** What the adapter knows of the application. The module provides it. */
export interface AdapterContext {
  readonly reporter: RefusalReporter;
  readonly budget: PendingBudget;
  readonly trust: ProxyTrust;
  /** Whether this node drains, and so refuses new clients. */
  readonly drain: Pick<SessionDrain, 'hasBegun'>;
  /** Time in milliseconds that closing may take. */
  readonly shutdownTimeoutMs: number;
  /** The HTTP server of the application, if it has one. */
  readonly httpServer: Server | undefined;
  /** The HTTP server of the application, if it has one. One port for all that stands on it; released when Nest has closed it. */
  readonly applicationPort: HttpPort | undefined;
  /** Those that the adapter has made so far. */
  readonly protectedServers: readonly ProtectedServer[];
  /**
   * What the sessions of the gateways on that port and path share, or `undefined` if they are public.
   *
   * @throws {WsAuthConfigurationError} if they disagree.
   */
  sessionContextOf(port: number, path: string | undefined): SessionContext | undefined;
  /** Present where Nest starts hooks of a gateway on that port and path later, as for request-scoped gateways. */
  expectationOn(
    port: number,
    path: string | undefined,
    namespace?: string | RegExp,
  ): ExpectClient | undefined;
  /** Whether clients of a namespace need a session; `undefined` if no gateway is in it. */
  accessOf(
    port: number,
    path: string | undefined,
    namespace: string | RegExp,
  ): 'public' | 'protected' | undefined;
}

/** Token under which an adapter that the application made itself finds its context. */
export const WS_AUTH_ADAPTER_CONTEXT = Symbol('nestjs-ws-auth:adapter-context');
