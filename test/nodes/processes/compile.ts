import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = fileURLToPath(new URL('.', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** Compiles the program of a node and what it imports, `lib` too: Node.js itself knows no decorators. */
export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, [compiler, '-p', folder]);
}
