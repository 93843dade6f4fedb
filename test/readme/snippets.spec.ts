import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { codeBlocks, rootFile, section } from './readme.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guides = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('README.md'))
  .map((path) => `lib/${path}`);
const documents = ['README.md', 'PROTOCOL.md', 'SECURITY.md', ...guides];

function repositoryOptions(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  return { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
}

/** Compiles texts as if they were files at the root of the repository, each a module of its own. */
function compile(texts: ReadonlyMap<string, string>): string[] {
  const options = repositoryOptions();
  const host = ts.createCompilerHost(options);
  host.readFile = (name) => texts.get(name) ?? ts.sys.readFile(name);
  host.fileExists = (name) => texts.has(name) || ts.sys.fileExists(name);
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start ?? 0).line + 1 : 0;
    return `${file?.fileName}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

describe.each(documents)('%s', (document) => {
  const markdown = rootFile(document);

  it('holds TypeScript that compiles under the strict options of this repository', () => {
    const snippets = codeBlocks(markdown, 'ts').map((code, index): [string, string] => [
      join(root, `${document.replaceAll('/', '-')}-${index + 1}.ts`),
      code,
    ]);
    expect(compile(new Map(snippets))).toEqual([]);
  });

  it('links to files that exist', () => {
    const links = [...markdown.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path!);
    expect(links.filter((path) => !existsSync(join(root, dirname(document), path)))).toEqual([]);
  });
});

it('the compiler of this test finds mistakes', () => {
  const wrong =
    "import { WsAuthModule } from 'nestjs-ws-auth';\nWsAuthModule.forRoot({ nope: 1 });";
  expect(compile(new Map([[join(root, 'wrong.ts'), wrong]]))).toEqual([
    expect.stringContaining("'nope' does not exist in type"),
  ]);
});

it('the quick start is the text of test/readme/quick-start.ts, which the compiler and the linter see', () => {
  const [quickStart] = codeBlocks(section(rootFile('README.md'), 'Quick start'), 'ts');
  expect(quickStart).toBe(rootFile('test/readme/quick-start.ts'));
});

it('README.md is at most 250 lines', () => {
  expect(rootFile('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(250);
});
