/** A comment, or a text, in which `//` begins none. What does not end is matched as well, so that the time grows as the code does. */
const commentOrText =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/.*|(["'])(?:(?!\1)[^\\\n]|\\[\s\S])*\1?|`(?:[^\\`]+|\\[\s\S])*`?/g;

type Written = (abstract new (...args: never[]) => unknown) | ((...args: never[]) => unknown);

/** The code of a function or a class, without its comments: developers leave code there that no longer runs. */
export function codeOf(written: Written): string {
  return textOf(written).replace(commentOrText, (found) => (found.startsWith('/') ? '' : found));
}

/** The code as it is written. A class may have a static `toString()` of its own, which throws or returns something else. */
export function textOf(written: Written): string {
  return Function.prototype.toString.call(written);
}
