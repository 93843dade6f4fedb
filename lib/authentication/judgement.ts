import type { WsAuthPhase } from '../policy/telemetry.js';
import type { Refusal } from '../protocol/refusal.js';

/** What was judged when a credential was refused. */
export interface Judgement {
  readonly phase: WsAuthPhase;
  readonly transport: string;
  readonly strategy: string | undefined;
}

const judgements = new WeakMap<Refusal, Judgement>();

export function rememberJudgement(refusal: Refusal, judgement: Judgement): void {
  judgements.set(refusal, judgement);
}

/** What was judged; `undefined` if it came to no credential, or if nobody watches. */
export function judgementOf(refusal: Refusal): Judgement | undefined {
  return judgements.get(refusal);
}
