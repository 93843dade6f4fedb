/** A promise that others settle. An unhandled rejection does not end the process. */
export class Deferred<Value> {
  resolve!: (value: Value) => void;
  reject!: (reason: Error) => void;
  readonly promise = new Promise<Value>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    this.promise.catch(() => undefined);
  }
}
