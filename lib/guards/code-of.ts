/** A comment, or a text, in which `//` begins none. */
const commentOrText = /\/\*[\s\S]*?\*\/|\/\/.*|(["'`])(?:\\[\s\S]|(?!\1)[^\\])*\1/g;

/** The code of a function or a class, without its comments: developers leave code there that no longer runs. */
export function codeOf(
  written: (abstract new (...args: never[]) => unknown) | ((...args: never[]) => unknown),
): string {
  // A class may have a static toString() of its own, which throws or returns something else.
  return Function.prototype.toString
    .call(written)
    .replace(commentOrText, (found) => (found.startsWith('/') ? '' : found));
}
