import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Each project of the tests loads this file anew, so what they share is kept by the process. */
const shared = globalThis as typeof globalThis & { buildOfThisRun?: Promise<unknown> };

/** Compiles `lib` and `sample` into `dist`, once per run of the tests. `TEST_BUILD=done` states that the caller has done so. */
export async function setup(): Promise<void> {
  if (process.env['TEST_BUILD'] === 'done') return;
  shared.buildOfThisRun ??= promisify(execFile)('npm', ['run', 'build'], { cwd: root });
  await shared.buildOfThisRun;
}
