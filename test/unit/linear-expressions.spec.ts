import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const lib = fileURLToPath(new URL('../../lib/', import.meta.url));

/** Few files have one, and to parse all takes seconds. */
const mayHoldOne = /[=(:,!&|?[>]\s*\/[^/*]/;

/** Every regular expression that is written in a file. */
function expressionsIn(file: string): RegExp[] {
  const text = readFileSync(lib + file, 'utf8');
  if (!mayHoldOne.test(text)) {
    return [];
  }
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const found: RegExp[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const close = node.text.lastIndexOf('/');
      found.push(new RegExp(node.text.slice(1, close), node.text.slice(close + 1)));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What may stand before the part that is repeated. */
const beginnings = ['', 'a'];

/** What stands behind it: no expression matches it, so that a match that has begun fails. */
const end = '\0';

const characters = ' \t\r\naA0=./%;"\\-_:[(,+#?@&\ud800'.split('');
const texts = '%25 \\u0041 // ./ a= =a a. .a a, 0. eyJ ZXlK ://'.split(' ');
const spaced = ['=', '.', 'a', ',', ';'].flatMap((each) => [` ${each}`, `${each} `]);
const repeated = [...characters, ...texts, ...spaced];

const bytes = 4_000;

const inputs = beginnings.flatMap((begin) =>
  repeated.map((each) => begin + each.repeat(Math.ceil(bytes / each.length)) + end),
);

/** What takes time that grows as the square of the input needs some 20 ms for this one; all others need a tenth of one. */
const mostMs = 8;

function timeOf(expression: RegExp, input: string): number {
  const begin = performance.now();
  if (expression.global) {
    input.replace(expression, '');
  } else {
    expression.test(input);
  }
  return performance.now() - begin;
}

/** The machine may be busy, so only what takes long again and again counts. */
function takesLong(expression: RegExp, input: string): boolean {
  let runs = 0;
  while (runs < 5 && timeOf(expression, input) > mostMs) {
    runs += 1;
  }
  return runs === 5;
}

/** Each expression once, by its text, with a file that has it. */
function expressionsOfAll(): ReadonlyMap<string, readonly [expression: RegExp, file: string]> {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' });
  const all = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => expressionsIn(file).map((each) => [each, file] as const));
  return new Map(all.map((each) => [String(each[0]), each]));
}

it('K6b: no regular expression takes time that grows faster than its input', () => {
  const expressions = [...expressionsOfAll().values()];
  expect(expressions.length).toBeGreaterThan(50);
  const slow = expressions.flatMap(([expression, file]) => {
    const found = inputs.find((input) => takesLong(expression, input));
    return found === undefined
      ? []
      : `${file}: ${String(expression)} with ${JSON.stringify(found.slice(0, 12))}`;
  });
  expect(slow).toEqual([]);
});
