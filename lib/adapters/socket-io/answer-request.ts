import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../protocol/refusal.js';
import { logFault } from '../contain.js';
import { refuseRequest, refuseUpgrade } from '../refuse.js';
import type { EngineRequest } from './internals/engine.js';
import type { AllowRequest } from './platform-types.js';

/** Refuses a request by an HTTP status, in polling or before the 101. Engine.io is never called back for it. */
export function answer(request: EngineRequest, refusal: Refusal): void {
  if (request.res) {
    refuseRequest(request.res, refusal);
  } else {
    refuseUpgrade(request.socket, refusal);
  }
}

/** Asks the `allowRequest` of the application. Its first answer counts, and an exception refuses. */
export function askOnce(
  theirs: AllowRequest,
  request: IncomingMessage,
  answered: Parameters<AllowRequest>[1],
): void {
  let asked = true;
  const once: typeof answered = (error, success) => {
    if (asked) {
      asked = false;
      answered(error, success);
    }
  };
  try {
    theirs(request, once);
  } catch (error) {
    logFault('allowRequest', error);
    once('Forbidden', false);
  }
}
