const nothing = Promise.resolve();

/** Jobs of one connection that run one after another. */
export class Line {
  #last: Promise<unknown> = nothing;
  #length = 0;

  /** Jobs that run or wait. */
  get length(): number {
    return this.#length;
  }

  /** Runs a job when those before it have ended. One that rejects stops no other. */
  add<Result>(job: () => Promise<Result>): Promise<Result> {
    this.#length += 1;
    const end = () => void (this.#length -= 1);
    const result = this.#last.then(job, job);
    this.#last = result.then(end, end);
    return result;
  }
}
