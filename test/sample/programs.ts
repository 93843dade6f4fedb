import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canInstall, install, installCommand } from '../support/browser/debian-package.js';

const run = promisify(execFile);
const python = '/usr/bin/python3';
const pythonClient = fileURLToPath(new URL('python-client.py', import.meta.url));
const nodeClient = fileURLToPath(new URL('node-client.mjs', import.meta.url));

async function hasPythonWebsockets(): Promise<boolean> {
  return run(python, ['-c', 'import websockets']).then(
    () => true,
    () => false,
  );
}

/** Installs python-websockets where that is possible, or throws with the command to run. */
export async function providePythonWebsockets(): Promise<void> {
  if (await hasPythonWebsockets()) return;
  if (await canInstall()) await install('python3-websockets');
  if (await hasPythonWebsockets()) return;
  throw new Error(
    `these tests need python-websockets. Run: ${installCommand('python3-websockets')}`,
  );
}

/** Runs the client that is built on python-websockets. */
export async function runPythonClient(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(python, [pythonClient, ...args]);
  return JSON.parse(stdout);
}

/** Runs the client that is built on Node's own WebSocket, which Node 20 has behind a flag. */
export async function runNodeClient(...args: readonly string[]): Promise<unknown> {
  const flags = 'WebSocket' in globalThis ? [] : ['--experimental-websocket'];
  const { stdout } = await run(process.execPath, [...flags, nodeClient, ...args]);
  return JSON.parse(stdout);
}
