import type { Authenticator } from '../authentication/authenticator.js';
import type { PendingBudget } from '../authentication/pending-budget.js';
import type { SessionLeases } from '../cluster/session-leases.js';
import type { WsAuthEvents } from '../events/ws-auth-events.js';
import type { Policy } from '../policy/policy.js';
import type { WsAuthTelemetry } from '../policy/telemetry.js';
import type { SessionDrain } from '../sessions/session-drain.js';
import type { LiveSessions } from '../sessions/live-sessions.js';
import type { RevocationLedger } from '../sessions/revocation-ledger.js';
import type { RefusalReporter } from './refusal-reporter.js';

/** What the sessions of one protected server share. */
export interface SessionContext {
  readonly policy: Policy;
  readonly authenticator: Authenticator;
  readonly sessions: LiveSessions;
  /** Whether this node drains, and so refuses new clients. */
  readonly drain: Pick<SessionDrain, 'hasBegun'>;
  readonly revocations: RevocationLedger;
  /** Absent where each node counts the sessions of a user by itself. */
  readonly leases: SessionLeases | undefined;
  readonly events: WsAuthEvents;
  readonly reporter: RefusalReporter;
  /** Slots of connections that are not authenticated yet. */
  readonly budget: PendingBudget;
  /** Absent where `telemetry` is not set. */
  readonly telemetry: WsAuthTelemetry | undefined;
}
