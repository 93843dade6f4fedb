import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Readable, type ReadableOptions } from 'node:stream';
import type { AbortableAttempt } from './abortable-attempt.js';
import { addExpressMembers } from './express-members.js';
import type { StrategyQuery } from './parse-query.js';

/** Names of what Node and engine.io put on every request. */
const plainProperties: ReadonlySet<string> = new Set([
  ...Object.keys(new IncomingMessage(new Socket())),
  'parser',
  '_query',
]);

/**
 * A copy of a request that has nothing to lose.
 *
 * `Object.create(request)` would do, at many times the price: V8 gives each object that becomes a prototype, and all that
 * derive from it, shapes of their own, and whatever reads them (strategies, Node, `ws`) finds nothing in its caches.
 */
export class PlainRequest extends IncomingMessage {
  declare originalUrl: string;
  declare query: StrategyQuery;
  declare _query?: StrategyQuery;
  declare body: object;
  readonly #attempt: AbortableAttempt;

  constructor(request: IncomingMessage, attempt: AbortableAttempt) {
    super(request.socket);
    this.#attempt = attempt;
    this.method = request.method!;
    this.httpVersion = request.httpVersion;
    this.httpVersionMajor = request.httpVersionMajor;
    this.httpVersionMinor = request.httpVersionMinor;
    this.rawHeaders = request.rawHeaders;
    this.complete = true;
    (this as Upgradable).upgrade = (request as Upgradable).upgrade;
  }

  /** Whether a copy is as good: not of a request of another class, or with properties of the application. */
  static canCopy(request: IncomingMessage): boolean {
    return (
      Object.getPrototypeOf(request) === IncomingMessage.prototype &&
      Object.keys(request).every((name) => plainProperties.has(name))
    );
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  override _read(): void {
    endBody.call(this);
  }

  static {
    // Node would look for the fields that its parser has counted; here there are those that the strategy is to see.
    Object.defineProperty(this.prototype, 'headersDistinct', { get: distinctHeaders });
    addExpressMembers(this.prototype);
  }
}

/**
 * Gives a derivation of a request a body of its own: an empty one, as of an upgrade.
 *
 * It would share the stream of its prototype, whose events name the prototype: a strategy that reads the body would wait for ever,
 * or end the process by an exception in Node.
 */
export function giveEmptyBody(derived: IncomingMessage): void {
  const construct = Readable as unknown as (this: Readable, options: ReadableOptions) => void;
  construct.call(derived, { read: endBody });
  // Node would destroy the socket under a body that ends early.
  derived.complete = true;
}

function endBody(this: Readable): void {
  this.push(null);
}

interface Upgradable {
  upgrade?: unknown;
}

function distinctHeaders(this: IncomingMessage): NodeJS.Dict<string[]> {
  const distinct: NodeJS.Dict<string[]> = Object.create(null);
  for (const name of Object.keys(this.headers)) {
    distinct[name] = [this.headers[name]!].flat();
  }
  return distinct;
}
