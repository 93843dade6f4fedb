import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TestClient, type ConnectOptions } from '../../support/client.js';
import { bearer, keyVariable, secret, tokenOf } from '../../support/tokens.js';
import { within } from '../eventually.js';
import {
  farewell,
  type ArgumentsOf,
  type NodeCommands,
  type NodeSettings,
  type Question,
  type Report,
  type ResultOf,
  type ToldEvent,
} from './messages.js';
import { patienceMs } from '../../support/patience.js';

/** Compiled by `compile.ts`. */
const program = fileURLToPath(
  new URL('dist/test/nodes/processes/node-program.js', import.meta.url),
);

/** Longest time in milliseconds that anything on a busy machine may take. */

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Uncaught errors, and warnings. */
  readonly faults: readonly string[];
  readonly stderr: string;
}

/** The ending of a process that had nothing to complain of and left nothing behind. */
export const clean: Ending = { code: 0, signal: null, faults: [], stderr: '' };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One node of an application, in a process of its own, and the clients that a test opened on it. */
export class NodeProcess implements AsyncDisposable {
  readonly #waiting = new Map<number, Waiting>();
  readonly #counts = new Map<ToldEvent, number>();
  readonly #clients: TestClient[] = [];
  readonly #ended: Promise<Ending>;
  #faults: string[] = [];
  #stderr = '';
  #asked = 0;
  #port = 0;
  #listening: () => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {
    const killWithParent = () => child.kill('SIGKILL');
    process.once('exit', killWithParent);
    child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    child.on('message', (report: Report) => this.#hear(report));
    this.#ended = endOf(child).then(({ code, signal }) => {
      process.off('exit', killWithParent);
      this.#abandon();
      return { code, signal, faults: this.#faults, stderr: this.#stderr };
    });
  }

  /** Starts a node and waits until it listens. */
  static async start(settings: NodeSettings): Promise<NodeProcess> {
    const child = fork(program, [JSON.stringify(settings)], {
      env: { ...process.env, [keyVariable]: secret.export().toString('hex') },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const node = new NodeProcess(child);
    const listening = new Promise<void>((resolve) => (node.#listening = resolve));
    const ended = node.#ended.then((ending) =>
      Promise.reject(new Error(`a node did not start: ${JSON.stringify(ending)}`)),
    );
    await Promise.race([listening, ended]);
    return node;
  }

  /** Has the node do something. @throws what the node throws, or if it is gone. */
  ask<Name extends keyof NodeCommands>(
    command: Name,
    ...[argument = '']: ArgumentsOf<Name>
  ): Promise<ResultOf<Name>> {
    this.#asked += 1;
    const question: Question = { id: this.#asked, command, argument };
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(question.id, { resolve, reject });
      this.child.send(question, (error) => error && reject(error));
    }) as Promise<ResultOf<Name>>;
  }

  get port(): number {
    return this.#port;
  }

  /** How often the node has reported an event. */
  count(name: ToldEvent): number {
    return this.#counts.get(name) ?? 0;
  }

  connect(path = '/', options: ConnectOptions = {}): TestClient {
    const client = new TestClient(`ws://127.0.0.1:${this.#port}${path}`, options);
    this.#clients.push(client);
    return client;
  }

  /** A handshake with a token. */
  knock(token: string): TestClient {
    return this.connect('/', bearer(token));
  }

  /** A session of a user. */
  enter(user: string): Promise<TestClient> {
    return this.knock(tokenOf(user)).opened();
  }

  /** Ends the process immediately, as a crash of its machine does. */
  kill(): Promise<Ending> {
    this.child.kill('SIGKILL');
    return this.#ended;
  }

  /** Freezes the process: its connections stay open. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** Lets it go on. */
  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Asks the process to end, as a process manager does at a deploy. */
  terminate(drainMs = 0): Promise<Ending> {
    this.child.kill('SIGTERM');
    return within(drainMs + patienceMs, this.#ended, 'a node ends by itself');
  }

  /** Lets go of the node, so that it closes its application and ends by itself. */
  end(): Promise<Ending> {
    if (this.child.connected) {
      this.child.send(farewell);
    }
    return within(patienceMs, this.#ended, 'a node ends by itself');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    await this.kill();
  }

  #hear(report: Report): void {
    switch (report.type) {
      case 'listening':
        this.#port = report.port;
        this.#listening();
        break;
      case 'event':
        this.#counts.set(report.name, this.count(report.name) + 1);
        break;
      case 'fault':
        this.#faults.push(report.text);
        break;
      case 'answer':
        this.#waiting.get(report.id)?.resolve(report.value);
        this.#waiting.delete(report.id);
        break;
      case 'failure':
        this.#waiting.get(report.id)?.reject(new Error(report.error));
        this.#waiting.delete(report.id);
        break;
    }
  }

  /** Callers that still wait for an answer get an error. */
  #abandon(): void {
    this.#waiting.forEach(({ reject }) => reject(new Error('the node is gone')));
    this.#waiting.clear();
  }
}

/**
 * Resolves once a process has ended, and all its reports have arrived.
 */
async function endOf(child: ChildProcess): Promise<Pick<Ending, 'code' | 'signal'>> {
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const said = [once(child.stderr!, 'end'), once(child, 'disconnect')];
  const [code, signal] = await exit;
  await Promise.all(said);
  return { code, signal };
}
