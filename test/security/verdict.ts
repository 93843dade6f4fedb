/** What a strategy waits for. */
export interface Verdict {
  readonly promise: Promise<object | false>;
  readonly decide: (user: object | false) => void;
}

/** A verdict that the test gives when it likes. */
export function verdict(): Verdict {
  const settle: ((user: object | false) => void)[] = [];
  const promise = new Promise<object | false>((resolve) => settle.push(resolve));
  return { promise, decide: (user) => settle.forEach((each) => each(user)) };
}
