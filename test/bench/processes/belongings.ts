/** Things that go when a work is over, the last first. `AsyncDisposableStack` of newer Nodes. */
export class Belongings implements AsyncDisposable {
  readonly #disposals: (() => PromiseLike<unknown>)[] = [];

  use<One extends AsyncDisposable>(one: One): One {
    this.defer(() => one[Symbol.asyncDispose]());
    return one;
  }

  defer(dispose: () => PromiseLike<unknown>): void {
    this.#disposals.push(dispose);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const dispose of this.#disposals.toReversed()) {
      await dispose();
    }
  }
}
