import { NodeProcess, type Ending } from './node-process.js';
import type { NodeSettings, ToldEvent } from './messages.js';

/** Three nodes of one application, the last with another package for Redis. */
export class ThreeNodes implements AsyncDisposable {
  private constructor(
    readonly a: NodeProcess,
    readonly b: NodeProcess,
    readonly c: NodeProcess,
  ) {}

  /** @param ofB what B has in place of the settings of all */
  static async start(settings: NodeSettings, ofB: Partial<NodeSettings> = {}): Promise<ThreeNodes> {
    const started = await Promise.allSettled([
      NodeProcess.start(settings),
      NodeProcess.start({ ...settings, ...ofB }),
      NodeProcess.start({ ...settings, package: 'ioredis' }),
    ]);
    const running = started.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    const [a, b, c] = running;
    if (a && b && c) {
      return new ThreeNodes(a, b, c);
    }
    await Promise.all(running.map((node) => node[Symbol.asyncDispose]()));
    throw started.find((each) => each.status === 'rejected')?.reason;
  }

  get all(): readonly NodeProcess[] {
    return [this.a, this.b, this.c];
  }

  /** How often all of them together have reported an event by now. */
  async count(name: ToldEvent): Promise<number> {
    // Whatever a node reported before it answers has arrived with the answer.
    await this.countSessions();
    return sum(this.all.map((node) => node.count(name)));
  }

  /** Sessions of all of them. */
  async countSessions(): Promise<number> {
    return sum(await Promise.all(this.all.map((node) => node.ask('countSessions'))));
  }

  /** Lets all of them end by themselves. */
  end(): Promise<readonly Ending[]> {
    return Promise.all(this.all.map((node) => node.end()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((node) => node[Symbol.asyncDispose]()));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
