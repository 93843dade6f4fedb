import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { patient } from '../support/patience.js';

const run = promisify(execFile);

/** The compiler of this repository: a consumer needs none of its own, which takes longer to install than Nest. */
const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

/** Options of a strict TypeScript project with Nest's decorators, and nothing of ours. */
const compilerOptions = {
  target: 'ES2023',
  module: 'nodenext',
  strict: true,
  types: ['node'],
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  rootDir: 'src',
  outDir: 'dist',
};

/** Reports the port on which the application listens, so that no test has to guess one. */
const reporter = `
import { Server } from 'node:net';
const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  this.once('listening', () => process.send(this.address().port));
  return listen.apply(this, args);
};
`;

/** A program of a consumer that listens on a port. */
export class RunningProgram implements AsyncDisposable {
  constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exit;
    }
  }
}

/** A folder outside of the repository in which an application uses the package. */
export class Consumer implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Consumer> {
    const consumer = new Consumer(await mkdtemp(join(tmpdir(), 'nestjs-ws-auth-consumer-')));
    await consumer.write('package.json', JSON.stringify({ private: true }));
    await consumer.write('reporter.mjs', reporter);
    return consumer;
  }

  async write(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  async install(packages: readonly string[]): Promise<void> {
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await this.#run('npm', ['install', ...flags, ...packages]);
  }

  /** Compiles the TypeScript in one folder into `dist` in it; fails with the compiler's words. */
  async compileProject(project: string, options: object = {}): Promise<void> {
    const config = { compilerOptions: { ...compilerOptions, ...options }, include: ['src'] };
    await this.write(`${project}/tsconfig.json`, JSON.stringify(config));
    await this.node(compiler, '--project', project);
  }

  /** Runs a program to its end, or for two minutes, and returns what it prints, even if it fails. */
  async outputOf(command: string, args: readonly string[]): Promise<string> {
    return this.#run(command, args, { timeout: patient(120_000) }).catch(
      (error: Error) => error.message,
    );
  }

  /** Runs a script to its end and returns what it prints. */
  async evaluate(script: string, flags: readonly string[] = []): Promise<string> {
    return this.#run(process.execPath, [...flags, '--input-type=module', '--eval', script]);
  }

  /** Runs Node.js to its end and returns what it prints; fails with that if the exit code is not 0. */
  async node(...args: readonly string[]): Promise<string> {
    return this.#run(process.execPath, args);
  }

  has(packageName: string): boolean {
    return existsSync(join(this.folder, 'node_modules', packageName));
  }

  versionOf(packageName: string): string {
    const path = join(this.folder, 'node_modules', packageName, 'package.json');
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  }

  /** Starts a program that reads its port from the environment, and waits until it listens. */
  async start(file: string, environment: Readonly<Record<string, string>>) {
    const child = fork(file, {
      cwd: this.folder,
      execArgv: ['--import', './reporter.mjs'],
      env: { ...process.env, ...environment, PORT: '0', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const port = await Promise.race([
      once(child, 'message').then(([message]) => message as number),
      once(child, 'close').then(() => Promise.reject(new Error(`it did not listen:\n${output}`))),
    ]);
    return new RunningProgram(child, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #run(command: string, args: readonly string[], options = {}): Promise<string> {
    try {
      return (await run(command, args, { ...options, cwd: this.folder })).stdout;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
    }
  }
}
