import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

const runs = new AsyncLocalStorage<OwnContext>();

/** Names of what every resource has. Before Node.js 24 each `AsyncLocalStorage` in use adds one. */
const plainSymbols = 2;
const hasContextFrames = Number(process.versions.node.split('.', 1)[0]) >= 24;

/**
 * The asynchronous context of one connection while foreign code runs for it.
 *
 * Code that serves several connections, such as a batch of lookups, calls back for all of them in the context of one. What comes
 * back in a context that does not descend from the own run is another connection's, and goes on where the own run began.
 *
 * To find out, a storage of this package goes along, but only where the application uses one as well: before Node.js 24 the
 * first use of an `AsyncLocalStorage` slows down every promise of the process (118 ns become 563 ns). Where no storage is in use,
 * no context holds anything that could be mixed up.
 */
export class OwnContext {
  readonly #start: AsyncResource | undefined;

  constructor() {
    const start = new AsyncResource('WsAuthRun');
    this.#start = isStorageInUse(start) ? start : undefined;
  }

  /** Runs the code that calls back later. */
  run<Result>(code: () => Result): Result {
    return this.#start ? runs.run(this, code) : code();
  }

  /** The present context if it descends from the run, otherwise that in which the run began. */
  current(): AsyncResource {
    return this.#start && runs.getStore() !== this ? this.#start : new AsyncResource('WsAuthRun');
  }

  /** Goes on in that context. */
  resume<Result>(code: () => Result): Result {
    return this.#start && runs.getStore() !== this ? this.#start.runInAsyncScope(code) : code();
  }
}

function isStorageInUse(resource: AsyncResource): boolean {
  return hasContextFrames || Object.getOwnPropertySymbols(resource).length > plainSymbols;
}
