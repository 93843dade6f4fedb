import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { freePort } from '../app.js';
import type { BrowserWindow } from './browser-window.js';
import { WebDriverSession } from './web-driver.js';

/** Opens WebKitGTK's MiniBrowser on a display of its own: it has no headless mode. */
export async function openWebKit(miniBrowser: string): Promise<BrowserWindow> {
  const stack = new Belongings();
  try {
    const home = await stack.folder('webkit-');
    const display = await startDisplay(stack);
    const driver = await startDriver(stack, { HOME: home, DISPLAY: display });
    const session = await WebDriverSession.start(driver, {
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary: miniBrowser, args: ['--automation'] },
    });
    stack.defer(() => session.end());
    return {
      version: session.browserVersion,
      go: (address) => session.go(address),
      evaluate: (expression) => session.evaluate(expression),
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** What must be ended after a test, the latest first. */
class Belongings implements AsyncDisposable {
  readonly #endings: (() => Promise<unknown>)[] = [];

  defer(ending: () => Promise<unknown>): void {
    this.#endings.unshift(ending);
  }

  process(child: ChildProcess): void {
    const exited = once(child, 'exit');
    process.once('exit', () => child.kill());
    this.defer(async () => {
      child.kill();
      await exited;
    });
  }

  async folder(prefix: string): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), prefix));
    this.defer(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ending of this.#endings) {
      await ending();
    }
  }
}

/** Starts an X server, which chooses a free number, and prints it. */
async function startDisplay(stack: Belongings): Promise<string> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'];
  const child = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  stack.process(child);
  const [number] = (await once(child.stdio[3] as Readable, 'data')) as [Buffer];
  return `:${number.toString().trim()}`;
}

async function startDriver(
  stack: Belongings,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const port = await freePort();
  const rendering = { LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_DMABUF_RENDERER: '1' };
  const child = spawn('WebKitWebDriver', [`--port=${port}`], {
    env: { ...process.env, ...rendering, ...environment },
    stdio: 'ignore',
  });
  stack.process(child);
  while (child.exitCode === null && !(await listens(port))) {
    // A refused connection is the only sign that it does not listen yet.
  }
  return `http://127.0.0.1:${port}`;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
