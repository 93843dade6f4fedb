type Written = (abstract new (...args: never[]) => unknown) | ((...args: never[]) => unknown);

/** Where a comment, a text, a regular expression or a block begins, or a block ends. */
const mark = /\/[*/]?|["'`{}]/g;

/** What ends a text or a comment, and what is skipped in it. One match of a whole text would fill the stack of the expression. */
const ends: Readonly<Record<string, RegExp>> = {
  '"': /\\[^]|["\n]/g,
  "'": /\\[^]|['\n]/g,
  '`': /\\[^]|`|\$\{/g,
  '/': /\\.|[/[\n]/g,
  '[': /\\.|[\]\n]/g,
  '/*': /\*\//g,
  '//': /\n/g,
};

/** What stands before a slash that begins a regular expression, and does not divide. */
const beforeExpression =
  /(?:[(,=:[!&|?{;*%<>~^]|(?<!\+)\+|(?<!-)-|\b(?:return|typeof|case|in|of|void|do|else|throw|await|yield))\s*$/;
const mostBefore = 40;

/** The code of a function or a class, without its comments: developers leave code there that no longer runs. */
export function codeOf(written: Written): string {
  const code = textOf(written);
  const kept: string[] = [];
  // Blocks that are open; true for one in a template.
  const blocks: boolean[] = [];
  let from = 0;
  for (let found = next(mark, code, 0), at = 0; found; found = next(mark, code, at)) {
    const { index } = found;
    const kind = kindOf(found[0], code, index, blocks);
    at = kind === undefined ? index + 1 : endOf(kind, code, index + found[0].length, blocks);
    if (kind?.startsWith('/') && kind !== '/') {
      kept.push(code.slice(from, index));
      from = at;
    }
  }
  return kept.join('') + code.slice(from);
}

/** What begins at a mark: a key of {@link ends}, or `undefined` where the code goes on. */
function kindOf(text: string, code: string, at: number, blocks: boolean[]): string | undefined {
  switch (text) {
    case '{':
      blocks.push(false);
      return undefined;
    case '}':
      return blocks.pop() ? '`' : undefined;
    case '/':
      return beforeExpression.test(code.slice(Math.max(0, at - mostBefore), at)) ? text : undefined;
    default:
      return text;
  }
}

/** Where the code goes on behind a text or a comment. The line break behind a comment is code. */
function endOf(kind: string, code: string, begin: number, blocks: boolean[]): number {
  let at = begin;
  for (let found = next(ends[kind]!, code, at); found; found = next(ends[kind]!, code, at)) {
    const [text] = found;
    at = found.index + text.length;
    if (text === '${') {
      blocks.push(true);
    }
    if (text === '[') {
      at = endOf(text, code, at, blocks);
    } else if (!text.startsWith('\\')) {
      return text === '\n' ? at - 1 : at;
    }
  }
  return code.length;
}

function next(expression: RegExp, code: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(code);
}

/** The code as it is written. A class may have a static `toString()` of its own, which throws or returns something else. */
export function textOf(written: Written): string {
  return Function.prototype.toString.call(written);
}
