import type { IncomingMessage } from 'node:http';
import type { OriginalParts } from '../credentials/redaction.js';
import type { AbortableAttempt } from './abortable-attempt.js';
import { addExpressMembers, setSite } from './express-members.js';
import { noSite, type Site } from './middleware-application.js';
import { MiddlewareResponse, type MiddlewareAnswer } from './middleware-response.js';
import { OwnContext } from './own-context.js';
import { giveEmptyBody } from './plain-request.js';

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
  { site = noSite, middleware = [] }: MiddlewareSettings = {},
): IncomingMessage {
  const { url, headers } = original;
  const own = {
    url,
    originalUrl: url,
    headers: { ...headers },
    query: site.parseQuery(url),
    app: site.application,
    ...(middleware.some(parsesCookies) && { cookies: undefined }),
  };
  const derived: IncomingMessage = Object.assign(Object.create(request), own);
  giveEmptyBody(derived);
  addExpressMembers(derived);
  setSite(derived, site);
  return derived;
}

/** What of a policy the request of middleware depends on. */
export interface MiddlewareSettings {
  /** What `ip`, `protocol`, `host` and `app` depend on. */
  readonly site?: Site;
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
  readonly response: MiddlewareResponse;
  readonly attempt: AbortableAttempt;
  /** Called within the `next()` of the last one, so that `AsyncLocalStorage.run(store, next)` has its effect. */
  readonly proceed: () => Promise<Result>;
  /** Makes a result of what a middleware answered instead of calling `next()`. */
  readonly refuse: (answer: MiddlewareAnswer, middleware: string) => Result;
  /** The same of what it threw, or passed to `next()`. */
  readonly fail: (error: unknown, middleware: string) => Result;
}

/**
 * Runs middleware before the strategies. No header of the response is sent and no session is saved. A middleware that ends the
 * response has refused the request, and saves no session either.
 *
 * @returns what `proceed()`, `refuse()` or `fail()` does, or `undefined` if the attempt has ended
 * @throws what `proceed()` throws
 */
export function runMiddleware<Result>(run: MiddlewareRun<Result>): Promise<Result | undefined> {
  const middleware = run.middleware as unknown as readonly Middleware[];
  const from = (index: number): Promise<Result | undefined> => {
    const each = middleware[index];
    const name = each?.name || `#${index}`;
    return each ? runOne({ ...run, each, name, proceed: () => from(index + 1) }) : run.proceed();
  };
  return from(0);
}

/** One middleware, and what comes behind it. */
interface Step<Result> extends MiddlewareRun<Result | undefined> {
  readonly each: Middleware;
  /** Name of its function, or its position. */
  readonly name: string;
}

/**
 * What a middleware does first counts: it goes on, ends the response, or fails. One that has begun is waited for when the
 * attempt is over as well, since it holds the slot of its client until it ends.
 */
function runOne<Result>(step: Step<Result>): Promise<Result | undefined> {
  const { each, name, request, response, attempt } = step;
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
    const fail = (error: unknown) => settle(() => resolve(step.fail(error, name)));
    // An earlier middleware may have replaced it: that of express-session saves the session.
    Reflect.deleteProperty(response, 'end');
    response.onEnd = (answer) => settle(() => resolve(step.refuse(answer, name)));
    const own = new OwnContext();
    const goOn = () => own.resume(step.proceed).then(resolve, reject);
    // As in Express, `next(null)` does not report an error.
    const next = (error?: unknown) => (error ? fail(error) : settle(goOn));
    Object.assign(request, { next });
    new Promise((done) => done(own.run(() => each(request, response, next)))).catch(fail);
  });
}
