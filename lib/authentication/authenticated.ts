import type { AsyncResource } from 'node:async_hooks';
import type { Proof } from '../sessions/proof.js';
import type { WsAuthSession } from '../sessions/session.js';

/** A session that may begin, and the claims of its credential. */
export interface Authenticated {
  readonly session: WsAuthSession;
  readonly proof: Proof;
  /** The asynchronous context that the application's code runs in for this client; none for an anonymous one. */
  readonly context?: AsyncResource | undefined;
  /** Strategies that the extractor of the credential names; `undefined`: those of the policy. */
  readonly judges?: readonly string[] | undefined;
  /** Epoch milliseconds at which the credential was presented; absent without one. */
  readonly presentedAt?: number;
  /** Monotonic milliseconds at which it was presented. */
  readonly presentedTick?: number;
  /** Whether the credential is ambient and a first message may still follow: a revoked one then counts as none. */
  readonly mayDefer?: boolean;
}
