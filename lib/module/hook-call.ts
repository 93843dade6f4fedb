import type { ContextId } from '@nestjs/core';
import type { Platform } from '../adapters/platform.js';
import type { Policy } from '../policy/policy.js';
import type { Refusal } from '../protocol/refusal.js';
import type { Arrivals } from './arrivals.js';
import type { Enhanced, Method } from './internals/method-enhancers.js';

/** Options that hold for the hooks of a gateway. */
export type HookSettings = Pick<
  Policy,
  'authTimeoutMs' | 'awaitConnection' | 'connectionTimeoutMs' | 'connectionGuards'
>;

/** What the hooks of all gateways share. */
export interface HookTools {
  readonly platform: Platform;
  readonly arrivals: Arrivals;
  /** Reports a client that a guard, or the hook itself, has refused. */
  readonly reportRefusal: (client: object, refusal: Refusal) => void;
}

/** What runs around a hook, for the instance that it is called on; `undefined` where nothing does. */
export type EnhancedHook = ((instance: object, contextId: ContextId) => Enhanced) | undefined;

/** One call of a hook by Nest. */
export interface HookCall {
  readonly instance: object;
  readonly client: object;
  readonly args: readonly unknown[];
  readonly hook: Method;
}
