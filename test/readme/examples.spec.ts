import { readdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { rootFile } from './readme.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const context = 'test/readme/example-context.ts';

/** An `@example` of a comment in `lib`. */
interface Example {
  /** Such as `lib/index.ts 2`. */
  readonly title: string;
  readonly file: string;
  readonly code: string;
}

/** The examples of one file, in order. */
function examplesOf(file: string): Example[] {
  const comments = rootFile(file).match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  const text = comments.join('\n').replaceAll(/^ *\* ?/gm, '');
  return Array.from(text.matchAll(/@example\n```ts\n([\s\S]*?)^```/gm), ([, code], index) => ({
    title: `${file} ${index + 1}`,
    file,
    code: code!,
  }));
}

const examples = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => examplesOf(`lib/${name}`));

const { entryPoints } = JSON.parse(rootFile('typedoc.json')) as { entryPoints: string[] };

/** Names that a file exports. */
function exportsOf(file: string): Set<string> {
  const source = rootFile(file);
  const lists = Array.from(source.matchAll(/^export (?:type )?\{([^}]*)\}/gm), ([, list]) => list!);
  const own = source.matchAll(/^export (?:declare )?(?:const|interface) (\w+)/gm);
  return new Set([
    ...lists.flatMap((list) => list.split(',')).map((name) => name.replace(/^\s*type /, '').trim()),
    ...Array.from(own, ([, name]) => name!),
  ]);
}

const sources = [...entryPoints, context].map((file) => ({ file, names: exportsOf(file) }));

/** The file from which an example has a name: the entry that exports its own file, if that has the name. */
function sourceOf(name: string, { file }: Example): string | undefined {
  const having = sources.filter(({ names }) => names.has(name)).map((source) => source.file);
  const own = having.find((each) =>
    rootFile(each).includes(`./${posix.relative('lib', file)}`.replace(/ts$/, 'js')),
  );
  return own ?? having[0];
}

/** Program of all examples. Each is a module of a folder beside `lib`, with the imports that it needs. */
class Compilation {
  readonly #options = {
    ...optionsOfTests(),
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedModules: false,
    verbatimModuleSyntax: false,
  };
  readonly #imports = new Map<Example, Set<string>>();
  #program: ts.Program | undefined;

  constructor() {
    this.#compile();
    for (const example of examples) {
      this.#imports.set(example, new Set(this.#missingNames(example)));
    }
    this.#compile();
  }

  /** Messages of the compiler for one example. */
  mistakesIn(example: Example): string[] {
    return this.#diagnosticsOf(example).map(({ messageText }) =>
      ts.flattenDiagnosticMessageText(messageText, '\n'),
    );
  }

  #missingNames(example: Example): string[] {
    return this.mistakesIn(example).flatMap(
      (message) =>
        /^(?:Cannot find name|No value exists in scope for the shorthand property) '(\w+)'/.exec(
          message,
        )?.[1] ?? [],
    );
  }

  #diagnosticsOf(example: Example): readonly ts.Diagnostic[] {
    const file = this.#program!.getSourceFile(pathOf(example))!;
    return [
      ...this.#program!.getSyntacticDiagnostics(file),
      ...this.#program!.getSemanticDiagnostics(file),
    ];
  }

  #compile(): void {
    const texts = new Map(examples.map((example) => [pathOf(example), this.#textOf(example)]));
    const disk = ts.createCompilerHost(this.#options);
    const host: ts.CompilerHost = {
      ...disk,
      fileExists: (path) => texts.has(path) || disk.fileExists(path),
      readFile: (path) => texts.get(path) ?? disk.readFile(path),
      getSourceFile: (path, target, ...rest) => {
        const text = texts.get(path);
        return text === undefined
          ? disk.getSourceFile(path, target, ...rest)
          : ts.createSourceFile(path, text, target);
      },
    };
    this.#program = ts.createProgram([...texts.keys()], this.#options, host, this.#program);
  }

  #textOf(example: Example): string {
    const imports = [...(this.#imports.get(example) ?? [])].map((name) => {
      const from = sourceOf(name, example);
      return from === undefined
        ? ''
        : `import { ${name} } from '../../${from.replace(/ts$/, 'js')}';\n`;
    });
    return `${imports.join('')}${example.code}\nexport {};\n`;
  }
}

function pathOf(example: Example): string {
  return join(root, dirname(context), `example-${examples.indexOf(example)}.ts`);
}

function optionsOfTests(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) =>
    ts.sys.readFile(path),
  ) as {
    config: object;
  };
  return ts.parseJsonConfigFileContent({ ...config, include: [], files: [context] }, ts.sys, root)
    .options;
}

describe('the examples in comments', () => {
  const compilation = new Compilation();

  it('are many', () => {
    expect(examples.length).toBeGreaterThanOrEqual(60);
  });

  it.each(examples)('compile: $title', (example) => {
    expect(compilation.mistakesIn(example)).toEqual([]);
  });
});
