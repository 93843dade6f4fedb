type Written = (abstract new (...args: never[]) => unknown) | ((...args: never[]) => unknown);

/**
 * The code of a function or a class as it is written, with comments. A class may have a static `toString()` of its own, which throws or
 * returns something else.
 */
export function textOf(written: Written): string {
  return Function.prototype.toString.call(written);
}
