import type { Settings } from '../contenders/contender.js';
import type { ContenderName } from '../contenders/registry.js';
import type { Child } from './child.js';

/** Which contender a server process is. */
export interface Role {
  readonly name: ContenderName;
  readonly settings: Settings;
}

/** The part of `process.memoryUsage()` that is reported. */
export interface Memory {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

/** A contender that listens. */
export class Server implements AsyncDisposable {
  private constructor(
    private readonly child: Child,
    readonly port: number,
  ) {}

  static async start(child: Child, role: Role): Promise<Server> {
    return new Server(child, await child.ask<number>('start', role));
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Runs a command of the contender's own. */
  run<Value = void>(command: string, argument?: unknown): Promise<Value> {
    return this.child.ask<Value>('run', { command, argument });
  }

  /** After a full collection. */
  memory(): Promise<Memory> {
    return this.child.ask<Memory>('memory');
  }

  watchStalls(): Promise<void> {
    return this.child.ask('watchStalls');
  }

  longestStall(): Promise<number> {
    return this.child.ask<number>('longestStall');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
  }
}
