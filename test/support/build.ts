import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const nest = createRequire(import.meta.url).resolve('@nestjs/cli/bin/nest.js');

/** Each project of the tests loads this file anew, so what they share is kept by the process. */
const shared = globalThis as typeof globalThis & { buildOfThisRun?: Promise<unknown> };

/** Compiles `lib` and `sample` into `dist`, the way `npm run build` does, once per run of the tests. */
export async function setup(): Promise<void> {
  shared.buildOfThisRun ??= promisify(execFile)(process.execPath, [nest, 'build'], { cwd: root });
  await shared.buildOfThisRun;
}
