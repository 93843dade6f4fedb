/** What graphql-ws iterates for a subscription. */
type Source = Partial<AsyncGenerator>;

/**
 * Has the source of a subscription end without a fault: graphql-ws returns one that is not wanted any more, since its client has left
 * meanwhile, in a promise that it does not watch. What a source throws at its end concerns no client.
 *
 * @param result what an operation has resulted in
 */
export function containEnd<Result>(result: Result): Result {
  const source = Object(result) as Source;
  const end = source.return;
  if (typeof end === 'function') {
    // One that is frozen stays as it is.
    Reflect.set(source, 'return', async (value: unknown) => {
      try {
        return await end.call(source as AsyncGenerator, value);
      } catch {
        return { value: undefined, done: true };
      }
    });
  }
  return result;
}
