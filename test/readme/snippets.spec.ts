import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { anchorsOf, codeBlocks, linksOf, rootFile, section } from './readme.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const generated = /^(?:node_modules|dist|docs|coverage)(?:\/|$)|(?:^|\/)node_modules\//;

function filesOf(folder: string, extension: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => normalize(join(folder, path)))
    .filter((path) => path.endsWith(extension) && !generated.test(path));
}

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['lib', 'sample', 'test', '.github'].flatMap((folder) => filesOf(folder, '.md')),
];

/** What the compiler and the linter see, and the tests run. */
const testedFiles = ['test', 'sample'].flatMap((folder) =>
  filesOf(folder, '.ts').map((path) => readFileSync(join(root, path), 'utf8')),
);

/** Mistakes in the grammar of a script. */
function syntaxErrors(script: string): string[] {
  const { diagnostics = [] } = ts.transpileModule(script, {
    reportDiagnostics: true,
    fileName: 'snippet.mjs',
    compilerOptions: { allowJs: true, target: ts.ScriptTarget.ESNext },
  });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** Links of a document that lead to no file, or to no heading of it. */
function brokenLinks(document: string): string[] {
  return linksOf(rootFile(document)).filter((link) => {
    const [path, anchor] = link.split('#', 2) as [string, string | undefined];
    const target = path === '' ? document : join(dirname(document), path);
    return (
      !existsSync(join(root, target)) ||
      (anchor !== undefined && !anchorsOf(rootFile(target)).includes(anchor))
    );
  });
}

describe.each(documents)('%s', (document) => {
  const markdown = rootFile(document);

  it('shows no TypeScript that is not in a tested file, word for word', () => {
    const strangers = codeBlocks(markdown, 'ts').filter(
      (code) => !testedFiles.some((file) => file.includes(code)),
    );
    expect(strangers).toEqual([]);
  });

  it('shows scripts without mistakes in their grammar, and JSON that parses', () => {
    expect(codeBlocks(markdown, 'js').flatMap(syntaxErrors)).toEqual([]);
    for (const text of codeBlocks(markdown, 'json')) {
      expect(JSON.parse(text)).toBeTypeOf('object');
    }
  });

  it('links to files and headings that exist', () => {
    expect(brokenLinks(document)).toEqual([]);
  });
});

it('there are guides', () => {
  expect(documents.filter((path) => path.startsWith('lib/')).length).toBeGreaterThan(5);
});

it('a script with a mistake is found', () => {
  expect(syntaxErrors('const socket = new WebSocket(;')).toEqual(["')' expected."]);
});

it('every guide is linked from README.md', () => {
  const linked = linksOf(rootFile('README.md')).map((link) => link.split('#')[0]);
  const guides = documents.filter((path) => path.startsWith('lib/'));
  expect(guides.filter((path) => !linked.includes(path))).toEqual([]);
});

it('the quick start is the text of test/readme/quick-start.ts', () => {
  const [quickStart] = codeBlocks(section(rootFile('README.md'), 'Quick start'), 'ts');
  expect(quickStart).toBe(rootFile('test/readme/quick-start.ts'));
});

/** Jest has these as globals. */
const runner = "import { afterAll, beforeAll, expect, it } from 'vitest';\n";

it('the test in the guide to the test kit is the text of test/readme/chat.spec.ts, which runs', () => {
  const [test] = codeBlocks(rootFile('lib/guides/testing.md'), 'ts');
  expect(`${runner}${test}`).toBe(rootFile('test/readme/chat.spec.ts'));
});

it('README.md is at most 250 lines, and shows code after 150 words', () => {
  const readme = rootFile('README.md');
  const [introduction] = readme.replaceAll(/\]\([^)]*\)/g, ']').split('```', 1);
  expect(introduction!.split(/\s+/).length).toBeLessThanOrEqual(150);
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(250);
});
