import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TestClient, type ConnectOptions } from '../support/client.js';
import { RawPeer } from '../support/raw-peer.js';
import { bearer, keyVariable, secret, tokenOf } from '../support/tokens.js';

/** How the program of the smoke suite is started. */
export interface SmokeCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A line that the program writes: its port, what it logs, or an answer. */
interface Report {
  readonly port?: number;
  readonly level?: string;
  readonly message?: string;
  readonly answer?: unknown;
}

/** The program of the smoke suite in a process of its own, and the clients that a test opened on it. */
export class SmokeServer implements AsyncDisposable {
  readonly warnings: string[] = [];
  /** Everything that the program wrote. */
  output = '';
  readonly #clients: AsyncDisposable[] = [];
  readonly #answers: ((answer: unknown) => void)[] = [];
  readonly #ended: Promise<unknown>;
  readonly #warned: Promise<void>;
  #warn: () => void = () => undefined;
  #port = 0;
  #listening: () => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {
    const killWithParent = () => child.kill('SIGKILL');
    process.once('exit', killWithParent);
    child.stderr!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    createInterface({ input: child.stdout! }).on('line', (line) => this.#read(line));
    this.#ended = once(child, 'close').then(() => process.off('exit', killWithParent));
    this.#warned = new Promise((resolve) => (this.#warn = resolve));
  }

  /** Starts the program and waits until it listens. @throws what it wrote, if it ends instead */
  static async start({ command, args, cwd, env }: SmokeCommand): Promise<SmokeServer> {
    const child = spawn(command, args, {
      ...(cwd !== undefined && { cwd }),
      env: {
        ...process.env,
        ...env,
        NO_COLOR: '1',
        [keyVariable]: secret.export().toString('hex'),
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const server = new SmokeServer(child);
    const listening = new Promise<void>((resolve) => (server.#listening = resolve));
    await Promise.race([
      listening,
      server.#ended.then(() => Promise.reject(new Error(`it did not start:\n${server.output}`))),
    ]);
    return server;
  }

  /** Has the program do something, and returns its answer. */
  ask(command: string): Promise<unknown> {
    const answer = new Promise((resolve) => this.#answers.push(resolve));
    this.child.stdin!.write(`${command}\n`);
    return answer;
  }

  /** Resolves when the program has warned: it reads the name of its `ws` meanwhile. */
  async warned(): Promise<readonly string[]> {
    await this.#warned;
    return this.warnings;
  }

  connect(options: ConnectOptions = {}): TestClient {
    const client = new TestClient(`ws://127.0.0.1:${this.#port}/chat`, options);
    this.#clients.push(client);
    return client;
  }

  /** A session of a user that authenticated in the upgrade. */
  enter(user: string): Promise<TestClient> {
    return this.connect(bearer(tokenOf(user))).opened();
  }

  /** A session of a user that authenticated by its first message. */
  async login(user: string): Promise<TestClient> {
    const client = await this.connect().opened();
    await client.emit('authenticate', { token: tokenOf(user) }).nextEvent();
    return client;
  }

  /** A peer that writes its own bytes. */
  raw(): RawPeer {
    const peer = new RawPeer(this.#port);
    this.#clients.push(peer);
    return peer;
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    this.child.kill('SIGKILL');
    await this.#ended;
  }

  #read(line: string): void {
    this.output += `${line}\n`;
    const report = parse(line);
    if (report?.port !== undefined) {
      this.#port = report.port;
      this.#listening();
    } else if (report?.level === 'warn') {
      this.warnings.push(report.message!);
      this.#warn();
    } else if (report && 'answer' in report) {
      this.#answers.shift()?.(report.answer);
    }
  }
}

/** A runtime may write lines of its own. */
function parse(line: string): Report | undefined {
  try {
    return JSON.parse(line) as Report;
  } catch {
    return undefined;
  }
}
