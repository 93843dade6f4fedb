/** Whether a value comes later. Some libraries put a class of their own in place of `Promise`, so that the class proves little. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
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
