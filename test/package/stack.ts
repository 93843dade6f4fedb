import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { inject } from 'vitest';
import { codeBlocks, rootFile, section } from '../readme/readme.js';
import { Consumer } from './consumer.js';
import { SmokeServer } from '../smoke/smoke-server.js';
import {
  frameworkOf,
  otherRuntimes,
  type HttpAdapter,
  type NestMajor,
  type RuntimeBinary,
} from './matrix.js';

const testFolder = fileURLToPath(new URL('..', import.meta.url));

/** The kind of modules that TypeScript makes of an application. */
export type ModuleKind = 'commonjs' | 'module';

/** The result of the suite in test/matrix after a run. */
export interface SuiteResult {
  readonly tests: number;
  readonly passed: number;
  /** All that it printed. */
  readonly output: string;
}

/** One stack: a folder outside of the repository with exactly its packages, ours as the tarball. */
export class Stack implements AsyncDisposable {
  private constructor(
    readonly nest: NestMajor,
    readonly http: HttpAdapter,
    readonly consumer: Consumer,
  ) {}

  /** Installs what the README names, and `more`. */
  static async install(
    nest: NestMajor,
    http: HttpAdapter,
    more: readonly string[],
  ): Promise<Stack> {
    const consumer = await Consumer.create();
    await consumer.install([...newApplication(nest, http), ...packagesOfReadme(nest), ...more]);
    return new Stack(nest, http, consumer);
  }

  /** The installed versions, such as `Nest 12.5.1, Express 5.2.1`. */
  get versions(): string {
    const framework = frameworkOf[this.http];
    const nest = this.consumer.versionOf('@nestjs/core');
    return `Nest ${nest}, ${framework.name} ${this.consumer.versionOf(framework.package)}`;
  }

  /** Compiles the suite into modules of that kind. */
  async compileSuite(kind: ModuleKind): Promise<void> {
    const { consumer } = this;
    const source = join(consumer.folder, kind, 'src');
    await cp(join(testFolder, 'matrix/suite'), join(source, 'matrix/suite'), { recursive: true });
    if (kind === 'module') {
      await cp(join(testFolder, 'smoke/server.ts'), join(source, 'smoke/server.ts'));
    }
    await mkdir(join(source, 'support'));
    for (const file of ['client.ts', 'http.ts', 'patience.ts', 'tokens.ts']) {
      await copyForApplication(join(testFolder, 'support', file), join(source, 'support', file));
    }
    await consumer.write(`${kind}/package.json`, JSON.stringify({ type: kind }));
    await consumer.compileProject(kind, {
      lib: ['ES2023', 'ESNext.Disposable'],
      rootDir: 'src',
      skipLibCheck: true,
    });
  }

  /** Takes the suite that another stack of the same Nest has compiled, but for the file that knows the HTTP adapter. */
  async takeSuite(from: Stack, kind: ModuleKind): Promise<void> {
    const { folder } = this.consumer;
    for (const part of ['package.json', 'dist']) {
      await cp(join(from.consumer.folder, kind, part), join(folder, kind, part), {
        recursive: true,
      });
    }
    const source = await readFile(join(testFolder, 'matrix', this.http, 'http-adapter.ts'), 'utf8');
    const module = kind === 'module' ? ts.ModuleKind.ES2022 : ts.ModuleKind.CommonJS;
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module, target: ts.ScriptTarget.ES2023 },
    });
    await this.consumer.write(`${kind}/dist/matrix/suite/http-adapter.js`, outputText);
  }

  /** Runs the compiled suite on one binary of Node.js. */
  async runSuite(kind: ModuleKind, node: string): Promise<SuiteResult> {
    const main = join(kind, 'dist/matrix/suite/main.js');
    const output = await this.consumer.outputOf(node, ['--test-reporter=tap', main]);
    const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1]);
    return { tests: count('tests'), passed: count('pass'), output };
  }

  /** Starts the program of the smoke suite on another runtime. */
  startSmokeServer({ runtime, path }: RuntimeBinary): Promise<SmokeServer> {
    const program = 'module/dist/smoke/server.js';
    const args = [...otherRuntimes[runtime].args, program];
    return SmokeServer.start({ command: path, args, cwd: this.consumer.folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.consumer[Symbol.asyncDispose]();
  }
}

/** An application has the test kit from the package, not from this repository. */
async function copyForApplication(from: string, to: string): Promise<void> {
  const source = await readFile(from, 'utf8');
  await writeFile(to, source.replaceAll('../../lib/testing.js', 'nestjs-ws-auth/testing'));
}

/** What a new Nest application has before the README is followed. */
function newApplication(nest: NestMajor, http: HttpAdapter): string[] {
  return [
    `@nestjs/common@${nest}`,
    `@nestjs/core@${nest}`,
    `@nestjs/platform-${http}@${nest}`,
    'reflect-metadata@0.2',
    'rxjs@7',
    '@types/node@20',
  ];
}

/** The packages that the README names for that version of Nest, our own as the tarball. */
function packagesOfReadme(nest: NestMajor): string[] {
  const blocks = codeBlocks(section(rootFile('README.md'), 'Install'), 'sh');
  const commands = blocks.find((block) => block.includes(`@nestjs/websockets@${nest} `))!;
  return [...commands.matchAll(/^npm install (.+)$/gm)]
    .flatMap(([, names]) => names!.split(' '))
    .filter((name) => !name.startsWith('-'))
    .map((name) => (name === 'nestjs-ws-auth' ? inject('tarball').path : name));
}
