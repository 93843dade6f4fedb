import { randomBytes } from 'node:crypto';
import type { Settings } from './contenders/contender.js';
import type { ContenderName } from './contenders/registry.js';
import type { BenchOptions } from './options.js';
import { Child } from './processes/child.js';
import type { Cores } from './processes/cores.js';
import { Server } from './processes/server.js';

/** A run: what it was asked for, and the process that makes the load. */
export class Bench implements AsyncDisposable {
  readonly secret = randomBytes(32).toString('base64');
  readonly load: Child;

  constructor(
    readonly options: BenchOptions,
    private readonly cores: Cores,
  ) {
    this.load = Child.start('../load/load.js', { core: cores.load });
    if (options.quick) {
      void this.load.ask('mayRest');
    }
  }

  /** Picks the number for a full run, or for a quick one. */
  size(full: number, quick: number): number {
    return this.options.quick ? quick : full;
  }

  startServer(name: ContenderName, settings: Partial<Settings> = {}): Promise<Server> {
    const { profile } = this.options;
    const profiling = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile];
    return Server.start(
      Child.start('../server.js', {
        core: this.cores.server,
        nodeOptions: ['--expose-gc', ...profiling],
      }),
      { name, settings: { secret: this.secret, verifyDelayMs: 0, ...settings } },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load[Symbol.asyncDispose]();
  }
}
