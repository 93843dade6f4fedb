import type { Policy } from '../policy/policy.js';
import type { WsAuthPhase } from '../policy/telemetry.js';
import type { Refusal } from '../protocol/refusal.js';

/** Whose credential was judged, in the terms of a session. */
export interface Judgement {
  /** Name of the extractor that found it. */
  readonly extractor: string;
  /** The strategy that succeeded, or the only one that was asked. */
  readonly strategy: string | undefined;
}

const judgements = new WeakMap<Refusal, Judgement>();

export function rememberJudgement(refusal: Refusal, { extractor, strategy }: Judgement): void {
  judgements.set(refusal, { extractor, strategy });
}

/** What was judged; `undefined` without a credential, and without telemetry. */
export function judgementOf(refusal: Refusal): Judgement | undefined {
  return judgements.get(refusal);
}

/** When the credential of a new connection is judged. */
export function phaseOf(extractor: string, { firstMessage }: Policy): WsAuthPhase {
  return extractor === firstMessage?.name ? 'message' : 'handshake';
}
