import { run } from '../../lib/cli/run.js';

/** What the command printed, and its exit code. */
export interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the token of a run comes from. */
export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs the command `nestjs-ws-auth` in this process. */
export async function runCommand(args: readonly string[], given: Given = {}): Promise<Printed> {
  const printed = { stdout: '', stderr: '' };
  const exitCode = await run(args, {
    env: given.env ?? {},
    stdin: (async function* () {
      yield Buffer.from(given.stdin ?? '');
    })(),
    stdout: { write: (text) => (printed.stdout += text) },
    stderr: { write: (text) => (printed.stderr += text) },
  });
  return { exitCode, ...printed };
}

/** Code of the answer for each place. */
export function codesIn({ stdout }: Printed): Record<string, string> {
  const rows = stdout.matchAll(/^ {2}(\S.*?\S) {2,}(.+?) {2}/gm);
  return Object.fromEntries(Array.from(rows, ([, place, code]) => [place!, code!.trim()]));
}
