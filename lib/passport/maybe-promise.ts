/** What is there at once, or comes later. To wait for what is there costs a connection a trip through the queue. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** Goes on with a value: at once if it is there. `onError` hears of a promise that fails. */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  onValue: (value: T) => MaybePromise<Result>,
  onError?: (error: unknown) => Result,
): MaybePromise<Result> {
  return isThenable(value) ? value.then(onValue, onError) : onValue(value);
}

/** Whether a value comes later. Some libraries put a class of their own in place of `Promise`, so that the class says little. */
export function isThenable<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<PromiseLike<T>>).then === 'function'
  );
}
