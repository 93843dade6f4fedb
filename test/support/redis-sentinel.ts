import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './app.js';
import { executable, type RedisServer } from './redis.js';

/** Name under which a sentinel knows its primary. */
export const primaryName = 'primary';

/** A real sentinel that watches one Redis. */
export class RedisSentinel implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly running: ChildProcess,
  ) {}

  static async watch(primary: RedisServer): Promise<RedisSentinel> {
    const folder = await mkdtemp(join(tmpdir(), 'ws-auth-sentinel-'));
    const port = await freePort();
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${primaryName} 127.0.0.1 ${primary.port} 1`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const running = spawn(executable, [file, '--sentinel'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: running.stdout })) {
      if (line.includes('+monitor')) {
        running.stdout.resume();
        return new RedisSentinel(port, folder, running);
      }
    }
    throw new Error(`the sentinel ended with ${running.exitCode}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.running, 'exit');
    this.running.kill('SIGKILL');
    await exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}
