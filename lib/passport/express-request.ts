import type { IncomingMessage } from 'node:http';
import type { OriginalParts } from '../credentials/redaction.js';
import type { ProxyTrust } from '../policy/proxy-trust.js';
import type { AbortableAttempt } from './abortable-attempt.js';
import { addExpressMembers, setProxyTrust } from './express-members.js';
import { MiddlewareApplication } from './middleware-application.js';
import { MiddlewareResponse, type MiddlewareAnswer } from './middleware-response.js';
import { OwnContext } from './own-context.js';
import { parseQuery } from './parse-query.js';

/** Express-style middleware, such as `session()` of express-session and `passport.session()`. */
export type WsAuthMiddleware = (
  request: never,
  response: never,
  next: (error?: unknown) => void,
) => unknown;

type Middleware = (
  request: IncomingMessage,
  response: MiddlewareResponse,
  next: (error?: unknown) => void,
) => unknown;

/**
 * Derives the request that middleware and strategies work on: with everything the client sent, while the real one stays
 * redacted.
 */
export function expressRequest(
  request: IncomingMessage,
  original: OriginalParts,
  { trust, trustProxy = false, middleware = [] }: MiddlewareSettings = {},
): IncomingMessage {
  const { url, headers } = original;
  const own = {
    url,
    originalUrl: url,
    headers: { ...headers },
    query: parseQuery(url),
    app: new MiddlewareApplication(trustProxy),
    ...(middleware.some(parsesCookies) && { cookies: undefined }),
  };
  const derived: IncomingMessage = Object.assign(Object.create(request), own);
  addExpressMembers(derived);
  setProxyTrust(derived, trust);
  return derived;
}

/** What of a policy the request of middleware depends on. */
export interface MiddlewareSettings {
  /** Which proxies `ip`, `protocol` and `host` believe. */
  readonly trust?: ProxyTrust;
  /** The option itself, which `app.get('trust proxy')` returns. */
  readonly trustProxy?: unknown;
  readonly middleware?: readonly WsAuthMiddleware[];
}

/** `cookie-parser` does nothing where `cookies` is there already, and would verify no signed cookie. */
function parsesCookies({ name }: WsAuthMiddleware): boolean {
  return name === 'cookieParser';
}

/** Middleware, and what comes behind it. */
export interface MiddlewareRun<Result> {
  readonly middleware: readonly WsAuthMiddleware[];
  readonly request: IncomingMessage;
  readonly attempt: AbortableAttempt;
  /** Called within the `next()` of the last one, so that `AsyncLocalStorage.run(store, next)` has its effect. */
  readonly proceed: () => Promise<Result>;
  /** Makes a result of what a middleware answered instead of calling `next()`. Without it, such an answer has no result. */
  readonly refuse?: (answer: MiddlewareAnswer) => Result;
}

/**
 * Runs middleware before the strategies. The response goes nowhere: no header of it is sent and no session is saved,
 * because nothing ever ends it. A middleware that ends it itself has refused the request, and saves no session either.
 *
 * @returns what `proceed()` or `refuse()` does, or `undefined` if the attempt has ended
 * @throws what a middleware threw, or passed to `next()`
 */
export function runMiddleware<Result>(run: MiddlewareRun<Result>): Promise<Result | undefined> {
  const middleware = run.middleware as unknown as readonly Middleware[];
  const response = new MiddlewareResponse(run.request);
  const from = (index: number): Promise<Result | undefined> => {
    const each = middleware[index];
    return each
      ? runOne({ ...run, each, response, proceed: () => from(index + 1) })
      : run.proceed();
  };
  return from(0);
}

/** One middleware, and what comes behind it. */
interface Step<Result> extends MiddlewareRun<Result | undefined> {
  readonly each: Middleware;
  readonly response: MiddlewareResponse;
}

/**
 * What a middleware does first counts: it goes on, ends the response, or fails. One that has begun is waited for when the
 * attempt is over as well, since it holds the slot of its client until it ends.
 */
function runOne<Result>(step: Step<Result>): Promise<Result | undefined> {
  const { each, request, response, attempt, proceed, refuse } = step;
  if (!attempt.running) {
    return Promise.resolve(undefined);
  }
  return new Promise((resolve, reject) => {
    let over = false;
    const settle = (outcome: () => void) => {
      if (!over) {
        over = true;
        outcome();
      }
    };
    // An earlier middleware may have replaced it: that of express-session saves the session.
    Reflect.deleteProperty(response, 'end');
    response.onEnd = (answer) => settle(() => resolve(refuse?.(answer)));
    // As in Express, `next(null)` does not report an error.
    const own = new OwnContext();
    const goOn = () => resolve(own.resume(proceed));
    const next = (error?: unknown) => settle(() => (error ? reject(error) : goOn()));
    Promise.resolve(own.run(() => each(request, response, next))).catch((error: unknown) => {
      settle(() => reject(error));
    });
  });
}
