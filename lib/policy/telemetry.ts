import type { IncomingHttpHeaders } from 'node:http';
import type { RefusalCode } from '../protocol/refusal.js';

/** When a credential is judged: on the upgrade, on the first message, or on an open socket. */
export type WsAuthPhase = 'handshake' | 'message' | 'reauthentication';

/** How an attempt ends. Of one that is abandoned the client has left, or the session that it was to renew has ended. */
export type WsAuthOutcome = 'accepted' | 'refused' | 'abandoned';

/** An authentication that begins. Nothing of the credential is here. */
export interface WsAuthAuthentication {
  /** When the credential is judged. */
  readonly phase: WsAuthPhase;
  /** Name of the extractor that found it. */
  readonly extractor: string;
  /** Path of the gateway. */
  readonly path: string;
  /** Header fields of the upgrade, redacted: for the context of a trace. Empty on an open socket. */
  readonly headers: IncomingHttpHeaders;
}

/** How an authentication ended. */
export interface WsAuthVerdict {
  /** What was decided. */
  readonly outcome: WsAuthOutcome;
  /** Strategy that succeeded, or the only one that was asked; `undefined` if several refused. */
  readonly strategy?: string | undefined;
  /** Code of the refusal. */
  readonly code?: RefusalCode;
  /** Whether it is an error of the application or of what it depends on, and not of the client. */
  readonly isServerError: boolean;
  /** Key of the user. */
  readonly userId?: string | undefined;
}

/** An attempt to begin a session, or to renew it, that has ended. */
export interface WsAuthAttempt {
  /** When it ended. */
  readonly phase: WsAuthPhase;
  /** How it ended. */
  readonly outcome: WsAuthOutcome;
  /** Name of the extractor that found the credential; `undefined` if none was found, as in an anonymous session. */
  readonly extractor?: string | undefined;
  /** Strategy that succeeded, or the only one that was asked. */
  readonly strategy?: string | undefined;
  /** Code of the refusal. */
  readonly code?: RefusalCode;
}

/** Numbers that telemetry can read at any time, such as that of open sessions. */
export interface WsAuthGauges {
  /** Upgrades and sockets that are not authenticated yet. */
  pending(): number;
  /** Upgrades and sockets that may wait for their authentication. */
  readonly maxPending: number;
  /** Live sessions of this process. */
  sessions(): number;
}

/** What happens to sessions, and to what nodes share. */
export type WsAuthIncident = 'expired' | 'renewed' | 'revoked' | 'storeLost';

/** Watches one authentication. */
export interface WsAuthObservation {
  /**
   * Runs the strategies, in an asynchronous context of its choice. It is called once. MUST call `run` once, and return what
   * it returns; the context holds for strategies, and for the handlers of the session.
   */
  within<Result>(run: () => Result): Result;
  /** Called once when the authentication has ended, whatever its outcome. MUST NOT throw. */
  end(verdict: WsAuthVerdict): void;
}

/**
 * Watches what this package does: `openTelemetry()` of `nestjs-ws-auth/opentelemetry`. Without it nothing is measured.
 *
 * @publicApi
 */
export interface WsAuthTelemetry {
  /** Called once, when the application begins. */
  start(gauges: WsAuthGauges): void;
  /** Called once, when the application shuts down. */
  stop(): void;
  /** Called for each credential, before it is judged. MUST NOT throw. */
  begin(authentication: WsAuthAuthentication): WsAuthObservation;
  /** Called for each attempt that has ended. MUST NOT throw. */
  attempted(attempt: WsAuthAttempt): void;
  /** Called when something has happened. MUST NOT throw. */
  happened(incident: WsAuthIncident): void;
}
