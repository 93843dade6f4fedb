/** What is there at once, or comes later. To wait for what is there costs a connection a trip through the queue. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value: at once if it is there. `onError` hears of a promise that fails. */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  onValue: (value: T) => MaybePromise<Result>,
  onError?: (error: unknown) => Result,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(onValue, onError) : onValue(value);
}
