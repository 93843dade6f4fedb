import { isPromise } from 'node:util/types';

type Callback = (...args: unknown[]) => unknown;

/**
 * Contains the rejections of the callbacks that the application has given to a strategy, such as an async verify function or
 * `secretOrKeyProvider`, in one run.
 *
 * Strategies call them with a callback of their own, and do not look at what they return. A client could end the process by a token that
 * the callback cannot decode; or, where the process survives, keep slots until no client gets one.
 *
 * @param onRejection called for a rejection that the strategy leaves alone
 */
export function containCallbacks(
  run: object,
  strategy: object,
  onRejection: (error: unknown) => void,
): void {
  const handler: ProxyHandler<Callback> = {
    apply(callback, self, args: unknown[]) {
      const returned: unknown = Reflect.apply(callback, self, args);
      return isPromise(returned) && args.some(isFunction)
        ? watched(returned, onRejection)
        : returned;
    },
  };
  const members = run as Readonly<Record<string, Callback>>;
  for (const name of callbacksOf(strategy)) {
    const callback: unknown = members[name];
    // A strategy may let go of one that it needs once, such as when it has connected.
    if (isFunction(callback)) {
      const value = new Proxy(callback, handler);
      Object.defineProperty(run, name, { configurable: true, writable: true, value });
    }
  }
}

/** A promise that knows whether code waits for it, which then handles its failure. */
class WatchedPromise extends Promise<unknown> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  isAwaited = false;

  // oxlint-disable-next-line unicorn/no-thenable -- a promise has it
  override then<Value = unknown, Failed = never>(
    onValue?: ((value: unknown) => Value | PromiseLike<Value>) | null,
    onFailure?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Value | Failed> {
    this.isAwaited = true;
    return super.then(onValue, onFailure);
  }

  /** Calls back when it has failed, unless code waits for it, perhaps a little later. */
  whenLeft(onRejection: (error: unknown) => void): void {
    super.then(undefined, (error: unknown) => {
      setImmediate(() => {
        if (!this.isAwaited) {
          onRejection(error);
        }
      });
    });
  }
}

/** Functions of a class that take a function are called in the same way, such as one that tries again: the class handles what they reject with. */
function watched(returned: Promise<unknown>, onRejection: (error: unknown) => void): unknown {
  const promise = new WatchedPromise((resolve) => resolve(returned));
  promise.whenLeft(onRejection);
  return promise;
}

const known = new WeakMap<object, readonly string[]>();

/** Names of the functions that a strategy keeps. Methods of a class are not enumerable, and belong to the strategy itself. */
function callbacksOf(strategy: object): readonly string[] {
  let names = known.get(strategy);
  if (names === undefined) {
    const members = strategy as Readonly<Record<string, unknown>>;
    names = enumerableNames(strategy).filter((name) => isFunction(members[name]));
    known.set(strategy, names);
  }
  return names;
}

/** Also those of the strategy that this one derives from. */
function enumerableNames(strategy: object): string[] {
  const names: string[] = [];
  for (const name in strategy) {
    names.push(name);
  }
  return names;
}

function isFunction(value: unknown): value is Callback {
  return typeof value === 'function';
}
