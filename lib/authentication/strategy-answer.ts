import type { Outcome } from '../passport/outcome.js';
import { bearerErrorOf } from '../protocol/challenge.js';
import type { WsAuthCheck, WsAuthStrategyAnswer } from '../protocol/diagnosis.js';
import { nameOfReason } from '../protocol/safe-name.js';
import { libraryFault } from './library-fault.js';

/** A strategy that was asked, and what is known of its run. */
interface AskedStrategy {
  readonly name: string;
  /** Absent where no strategy of that name is registered. */
  readonly run: { readonly evidence: { readonly foundNoToken: boolean } } | undefined;
}

/** What a strategy answers whose own extractor has found nothing. */
export const noTokenFound = 'no-token-found';

/** The answer of one strategy, by its name: the text may quote the credential. */
export function answerOf(outcome: Outcome, { name, run }: AskedStrategy): WsAuthStrategyAnswer {
  if (!run) {
    return { strategy: name, answer: 'not-registered' };
  }
  const isMissing = outcome.type === 'fail' && run.evidence.foundNoToken;
  const answer = isMissing ? noTokenFound : nameOf(outcome);
  const status = statusOf(outcome);
  const fault = isMissing ? undefined : libraryFault(reasonOf(outcome));
  return {
    strategy: name,
    answer,
    ...(fault !== undefined && { fault }),
    ...(typeof status === 'number' && { status }),
  };
}

function statusOf(outcome: Outcome): unknown {
  if (outcome.type === 'answer') {
    return outcome.answer.status;
  }
  return outcome.type === 'fail' ? outcome.status : undefined;
}

function reasonOf(outcome: Outcome): unknown {
  if (outcome.type === 'fail') {
    return outcome.challenge;
  }
  return outcome.type === 'error' ? outcome.error : undefined;
}

/** The answer of a strategy whose user was refused by a check of this package. */
export function acceptedBut(check: WsAuthCheck, strategy: string): WsAuthStrategyAnswer {
  return { strategy, answer: 'accepted', check };
}

function nameOf(outcome: Outcome): string {
  switch (outcome.type) {
    case 'success':
      return 'accepted';
    case 'fail':
      return nameOfReason(outcome.challenge) ?? bearerErrorOf(outcome.challenge) ?? 'failed';
    case 'redirect':
      return 'redirected';
    case 'answer':
      return 'answered';
    case 'pass':
      return 'passed';
    case 'error':
      return nameOfReason(outcome.error) ?? 'threw';
    case 'aborted':
      return 'no-answer';
  }
}
