import { callContained, logFault } from '../contain.js';

/** A function of the application that answers by a callback, which is its last argument. */
export type Asked = (...args: never[]) => unknown;

type Callback = (...answers: readonly unknown[]) => void;

/**
 * Makes a function of the application answer once: its first answer counts. They are written as async functions that call back, and
 * clients have them called.
 *
 * @param failure answer in place of the one of a function that throws, or whose promise rejects
 */
export function answersOnce(
  what: string,
  ask: Asked,
  failure: readonly unknown[],
): (...args: unknown[]) => void {
  return (...args) => {
    let callback = args.at(-1) as Callback | undefined;
    const once: Callback = (...answers) => {
      const first = callback;
      callback = undefined;
      first?.(...answers);
    };
    const fail = (error: unknown) => {
      logFault(what, error);
      once(...failure);
    };
    callContained(() => ask(...([...args.slice(0, -1), once] as never[])), fail);
  };
}
