import { randomBytes } from 'node:crypto';
import type { Settings } from './contenders/contender.js';
import type { ContenderName } from './contenders/registry.js';
import type { BenchOptions } from './options.js';
import type { Belongings } from './processes/belongings.js';
import { Child } from './processes/child.js';
import type { Cores } from './processes/cores.js';
import { Server } from './processes/server.js';

/** A run: what it was asked for, and the process that makes the load. */
export class Bench implements AsyncDisposable {
  readonly secret = randomBytes(32).toString('base64');
  readonly load: Child;
  readonly #shared = new Map<ContenderName, Promise<Server>>();

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

  /** A server for one work. A quick run judges no times, so its works share the servers that they leave as they were. */
  async serverFor(name: ContenderName, belongings: Belongings): Promise<Server> {
    if (!this.options.quick) {
      return belongings.use(await this.startServer(name));
    }
    const server = this.#shared.get(name) ?? this.startServer(name);
    this.#shared.set(name, server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = await Promise.all(this.#shared.values());
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    await this.load[Symbol.asyncDispose]();
  }
}
