import { UsageError, type TryOptions } from './options.js';

/** The parts of a process that the command uses. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Buffer | string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

const maxLength = 65_536;

/**
 * The token, from the one source that is given. White space at its ends is that of the shell.
 *
 * @throws {UsageError} without a token.
 */
export async function readToken(
  options: TryOptions,
  { env, stdin, stderr }: Terminal,
): Promise<string> {
  if (options.token !== undefined) {
    stderr.write('warning: `ps` and the history of the shell show --token; use WS_AUTH_TOKEN\n');
  }
  const given = options.tokenStdin ? await readAll(stdin) : (options.token ?? env['WS_AUTH_TOKEN']);
  const token = given?.trim();
  if (!token) {
    throw new UsageError('there is no token: set WS_AUTH_TOKEN, or use --token-stdin');
  }
  return token;
}

async function readAll(stdin: AsyncIterable<Buffer | string>): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > maxLength) {
      throw new UsageError('the standard input is too long for a token');
    }
  }
  return text;
}
