import { ServerResponse, type IncomingMessage } from 'node:http';
import type { OriginalParts } from '../credentials/redaction.js';
import type { AbortableAttempt } from './abortable-attempt.js';

/** Express-style middleware, such as `session()` of express-session and `passport.session()`. */
export type WsAuthMiddleware = (
  request: never,
  response: never,
  next: (error?: unknown) => void,
) => unknown;

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown;

/**
 * Derives the request that middleware and strategies work on: with everything the client sent, while the real one stays
 * redacted.
 */
export function expressRequest(request: IncomingMessage, original: OriginalParts): IncomingMessage {
  const { url, headers } = original;
  return Object.assign(Object.create(request), { url, originalUrl: url, headers });
}

/**
 * Runs middleware before the strategies. The response goes nowhere: no header of it is sent and no session is saved,
 * because nothing ever ends it. A middleware that ends it itself has refused the request.
 *
 * @returns whether all of them called `next()`
 * @throws what a middleware threw, or passed to `next()`
 */
export async function runMiddleware(
  middleware: readonly WsAuthMiddleware[],
  request: IncomingMessage,
  attempt: AbortableAttempt,
): Promise<boolean> {
  const response = new ServerResponse(request);
  for (const each of middleware as unknown as readonly Middleware[]) {
    if (!(await runOne(each, request, response, attempt))) {
      return false;
    }
  }
  return true;
}

function runOne(
  middleware: Middleware,
  request: IncomingMessage,
  response: ServerResponse,
  attempt: AbortableAttempt,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    attempt.onAbort(() => resolve(false));
    response.end = () => {
      resolve(false);
      return response;
    };
    // As in Express, `next(null)` is no error.
    const next = (error?: unknown) => (error ? reject(error) : resolve(true));
    Promise.resolve(middleware(request, response, next)).catch(reject);
  });
}
