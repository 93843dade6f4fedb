import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './app.js';
import { canInstall, install, installCommand } from './browser/debian-package.js';
import { turns } from './turns.js';

/** Another server that speaks the protocol, such as Valkey: `REDIS_SERVER=/usr/bin/valkey-server`. */
export const executable: string = process.env['REDIS_SERVER'] ?? '/usr/bin/redis-server';

/** How a server runs. */
export interface RedisServerOptions {
  /** A cluster of one node that has all slots. */
  readonly cluster?: boolean;
  /** A node of a cluster that has no slots, and so can replicate another. */
  readonly empty?: boolean;
  /** Keeps its data when it is killed. */
  readonly persistent?: boolean;
}

/** A real Redis with a port and a folder of its own, which tests start, stop, kill and restart. */
export class RedisServer implements AsyncDisposable {
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: RedisServerOptions,
  ) {}

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    await demandExecutable();
    const folder = await mkdtemp(join(tmpdir(), 'ws-auth-redis-'));
    const server = new RedisServer(await freePort(), folder, options);
    await server.restart();
    return server;
  }

  /** One that exists and is not running yet. */
  static async prepare(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = await RedisServer.start(options);
    await server.kill();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) {
      throw new Error('redis-server is not running');
    }
    return pid;
  }

  /** Starts it, again after it was killed, and resolves when it answers. */
  async restart(): Promise<void> {
    await this.kill();
    const made = spawn(executable, this.#arguments, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = made;
    await lineOf(made, 'Ready to accept connections');
    if (this.options.cluster && !this.options.empty) {
      await this.#becomeCluster();
    }
  }

  /** Freezes it: connections stay open, and no answer comes. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  /** Lets it go on. */
  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running && running.exitCode === null && running.signalCode === null) {
      const exited = once(running, 'exit');
      running.kill('SIGKILL');
      await exited;
    }
  }

  /** Sends one command on a connection of its own, and returns the raw reply. */
  async command(...parts: readonly string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write(encode(parts));
      return await replyOn(socket);
    } finally {
      socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  get #arguments(): string[] {
    const { cluster, persistent } = this.options;
    const settings: Record<string, string> = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.folder,
      save: '',
      appendonly: persistent ? 'yes' : 'no',
      appendfsync: 'always',
      ...(cluster && {
        'cluster-enabled': 'yes',
        'cluster-port': String(this.busPort),
        'cluster-announce-ip': '127.0.0.1',
      }),
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  }

  /** By default the port and 10,000, which need not exist. */
  get busPort(): number {
    return this.port > 55_000 ? this.port - 10_000 : this.port + 10_000;
  }

  async #becomeCluster(): Promise<void> {
    await this.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    while (!(await this.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
      await turns(1);
    }
  }
}

async function demandExecutable(): Promise<void> {
  if (await isInstalled()) {
    return;
  }
  if (executable.endsWith('redis-server') && (await canInstall())) {
    await install('redis-server');
  }
  if (!(await isInstalled())) {
    throw new Error(`these tests need ${executable}: ${installCommand('redis-server')}`);
  }
}

function isInstalled(): Promise<boolean> {
  return access(executable).then(
    () => true,
    () => false,
  );
}

/** Resolves at the line; rejects if the process ends before. */
async function lineOf(made: ChildProcess, text: string): Promise<void> {
  for await (const line of createInterface({ input: made.stdout! })) {
    if (line.includes(text)) {
      made.stdout!.resume();
      return;
    }
  }
  throw new Error(`redis-server ended with ${made.exitCode} ${made.signalCode}`);
}

function encode(parts: readonly string[]): string {
  const strings = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${strings.join('')}`;
}

async function replyOn(socket: Socket): Promise<string> {
  let reply = '';
  for await (const chunk of socket) {
    reply += String(chunk);
    if (isComplete(reply)) {
      break;
    }
  }
  return reply;
}

/** Enough for status, integer, error and one bulk string: nothing else is asked for here. */
function isComplete(reply: string): boolean {
  const bulk = /^\$(\d+)\r\n/.exec(reply);
  return bulk
    ? reply.length >= bulk[0].length + Number(bulk[1]) + 2
    : reply.endsWith('\r\n') && !reply.startsWith('*');
}
