import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../protocol/refusal.js';
import { closeGraceMs } from '../close-grace.js';
import { destroyAfter, refuseRequest, refuseUpgrade } from '../refuse.js';
import { answersOnce } from './answers-once.js';
import type { EngineRequest } from './internals/engine.js';
import type { AllowRequest } from './platform-types.js';

/** Answers engine.io whether a request may open a connection. */
export type EngineAnswer = Parameters<AllowRequest>[1];

/** Refuses a request by an HTTP status, in polling or before the 101. Engine.io is never called back for it. */
export function answer(request: EngineRequest, refusal: Refusal): void {
  if (request.res) {
    refuseRequest(request.res, refusal);
    destroyAfter(request.socket, closeGraceMs.pending);
  } else {
    refuseUpgrade(request.socket, refusal);
  }
}

/** How a request ends that was not answered in time. */
interface LateEnd {
  /** Absent where the client has left. */
  readonly refusal: Refusal | undefined;
  /** Whether engine.io was asked to open the connection: the 101 may be on its way, and no HTTP response can follow it. */
  readonly isUpgraded: boolean;
}

/**
 * Ends a request that engine.io has not made a connection of.
 *
 * @returns whether its socket closes now; one that engine.io has answered may carry other requests
 */
export function endUnanswered(request: EngineRequest, { refusal, isUpgraded }: LateEnd): boolean {
  const { res, socket } = request;
  if (res?.headersSent) {
    return false;
  }
  if (refusal && (res || !isUpgraded)) {
    answer(request, refusal);
  } else {
    socket.destroy();
  }
  return true;
}

/** Asks the `allowRequest` of the application. Its first answer counts. An exception refuses, and so does a rejected promise. */
export function askOnce(
  theirs: AllowRequest,
  request: IncomingMessage,
  answered: EngineAnswer,
): void {
  answersOnce('allowRequest', theirs, forbidden)(request, answered);
}

const forbidden = ['Forbidden', false] as const;
