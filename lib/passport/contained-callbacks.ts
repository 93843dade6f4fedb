import { isPromise } from 'node:util/types';

type Callback = (...args: unknown[]) => unknown;

/**
 * Contains the rejections of the callbacks that the application has given to a strategy, such as an async verify function or
 * `secretOrKeyProvider`, in one run.
 *
 * Strategies call them with a callback of their own, and do not look at what they return. A client could end the process by a token that
 * the callback cannot decode; or, where the process survives, keep slots until no client gets one.
 *
 * @param onRejection called when the strategy has had time to handle the rejection by itself
 */
export function containCallbacks(
  run: object,
  strategy: object,
  onRejection: (error: unknown) => void,
): void {
  const handler: ProxyHandler<Callback> = {
    apply(callback, self, args: unknown[]) {
      const returned: unknown = Reflect.apply(callback, self, args);
      if (isPromise(returned) && args.some(isFunction)) {
        returned.then(undefined, (error: unknown) => void setImmediate(onRejection, error));
      }
      return returned;
    },
  };
  const members = run as Readonly<Record<string, Callback>>;
  for (const name of callbacksOf(strategy)) {
    const value = new Proxy(members[name]!, handler);
    Object.defineProperty(run, name, { configurable: true, writable: true, value });
  }
}

const known = new WeakMap<object, readonly string[]>();

/** Where strategies keep what they were given. Under other names, a class keeps functions of its own, whose failures it handles. */
const nameOfCallback = /^_|^verify$/;

/** Names of the callbacks that a strategy keeps. Methods of a class are not enumerable. */
function callbacksOf(strategy: object): readonly string[] {
  let names = known.get(strategy);
  if (names === undefined) {
    const members = strategy as Readonly<Record<string, unknown>>;
    names = enumerableNames(strategy).filter(
      (name) => nameOfCallback.test(name) && isFunction(members[name]),
    );
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
