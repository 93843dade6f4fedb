/** A value or a promise of one. Values are handled synchronously: awaiting them would add a microtask to every connection. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** Continues with a value, synchronously if it is not a promise. `onError` receives the reason of a rejection. */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  onValue: (value: T) => MaybePromise<Result>,
  onError?: (error: unknown) => Result,
): MaybePromise<Result> {
  return isThenable(value) ? value.then(onValue, onError) : onValue(value);
}

/** Whether a value comes later. Some libraries put a class of their own in place of `Promise`, so that the class proves little. */
export function isThenable<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<PromiseLike<T>>).then === 'function'
  );
}

/**
 * Whether a value comes later where the application must return it synchronously. Its rejection is handled here: it would end the
 * process.
 */
export function comesTooLate(value: unknown): boolean {
  if (!isThenable(value)) {
    return false;
  }
  value.then(ignore, ignore);
  return true;
}

function ignore(): void {}
