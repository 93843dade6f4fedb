import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Question } from './answer-parent.js';

/** Where and how a child runs. */
export interface ChildOptions {
  /** Core that the child is pinned to; any without one. */
  readonly core: number | undefined;
  readonly nodeOptions?: readonly string[];
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A process that answers questions. */
export class Child implements AsyncDisposable {
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  private constructor(private readonly process: ChildProcess) {
    process.on('message', (answer: Answer) => this.#settle(answer));
    process.on('exit', (code, signal) => {
      const error = new Error(`a child ended early: ${String(signal ?? code)}`);
      this.#waiting.forEach((waiting) => waiting.reject(error));
      this.#waiting.clear();
    });
  }

  /** @param script relative to this folder */
  static start(script: string, { core, nodeOptions = [] }: ChildOptions): Child {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const pinned = core !== undefined;
    const env = { ...process.env, NODE_ENV: 'production' };
    return new Child(
      fork(file, [], {
        env,
        serialization: 'advanced',
        execPath: pinned ? 'taskset' : process.execPath,
        execArgv: [
          ...(pinned ? ['--cpu-list', String(core), process.execPath] : []),
          ...nodeOptions,
        ],
      }),
    );
  }

  /** `taskset` becomes the program that it starts, so this is the id of that. */
  get pid(): number {
    return this.process.pid!;
  }

  /** @throws whatever the command throws, or if the child is gone. */
  ask<Value = void>(command: string, argument?: unknown): Promise<Value> {
    this.#asked += 1;
    const question: Question = { id: this.#asked, command, argument };
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(question.id, { resolve, reject });
      this.process.send(question, (error) => error && reject(error));
    }) as Promise<Value>;
  }

  /** Lets the child end by itself, so that it writes the profile it may have been asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.disconnect();
      await exited;
    }
  }

  #settle({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) {
      waiting?.resolve(value);
    } else {
      waiting?.reject(new Error(error));
    }
  }
}
