import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.js';
import { afterAll, beforeAll } from 'vitest';
import { patient } from '../support/patience.js';

type SampleProcess = ChildProcessByStdio<null, Readable, Readable>;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The compiled sample in a process of its own, on free ports. */
export class RunningSample implements AsyncDisposable {
  readonly #exit: Promise<Exit>;

  private constructor(
    private readonly child: SampleProcess,
    /** The port of the page and of the combined endpoint; those of the other gateways follow. */
    readonly port: number,
  ) {
    this.#exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  }

  /** Starts the sample and waits until it serves; on free ports, unless `SAMPLE_PORT` is given. */
  static async start(environment: Readonly<Record<string, string>> = {}): Promise<RunningSample> {
    const port = Number(environment['SAMPLE_PORT'] ?? (await freePorts(8)));
    const child = spawn(process.execPath, ['dist/sample/main.js'], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', SAMPLE_PORT: String(port), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => child.kill());
    const sample = new RunningSample(child, port);
    await sample.#serving();
    return sample;
  }

  /** The address of a page of the sample. */
  http(path = '/', hostname = 'localhost'): string {
    return `http://${hostname}:${this.port}${path}`;
  }

  /** The address of the gateway on the n-th port, with user information where the way needs it. */
  ws(offset: number, { path = '/', userInfo = '' } = {}): string {
    return `ws://${userInfo ? `${userInfo}@` : ''}localhost:${this.port + offset}${path}`;
  }

  /** Obtains a token. */
  async token(user = 'alice'): Promise<string> {
    const { token } = (await (await this.createToken({ user })).json()) as { token: string };
    return token;
  }

  /** Posts a body to `/tokens`. */
  async createToken(body: unknown): Promise<Response> {
    return fetch(this.http('/tokens'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Asks for something that the bearer of a token may have. */
  async as(token: string, path: string, method = 'POST'): Promise<Response> {
    return fetch(this.http(path), { method, headers: { Authorization: `Bearer ${token}` } });
  }

  /** Changes a token into a ticket. */
  async ticket(token: string): Promise<string> {
    const { ticket } = (await (await this.as(token, '/ws-tickets')).json()) as { ticket: string };
    return ticket;
  }

  /** Sends a signal and waits for the end of the process. */
  async stop(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal);
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) await this.stop('SIGKILL');
  }

  async #serving(): Promise<void> {
    let output = '';
    this.child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    for await (const line of createInterface(this.child.stdout)) {
      output += `${line}\n`;
      if (line.includes('Open http://')) break;
    }
    this.child.stdout.resume();
    if (!output.includes('Open http://')) throw new Error(`the sample did not start:\n${output}`);
  }
}

/** Runs a sample for all tests of a `describe`, and returns how they reach it. */
export function useSample(): () => RunningSample {
  let running: RunningSample | undefined;
  beforeAll(async () => {
    running = await RunningSample.start();
  }, patient(60_000));
  afterAll(async () => running?.[Symbol.asyncDispose]());
  return () => running!;
}
