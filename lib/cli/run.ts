import type { Dialogue } from './dialogue.js';
import { readOptions, usage, UsageError, type TryOptions } from './options.js';
import { SocketIoDialogue } from './socket-io.dialogue.js';
import { isAccepted, line, summary } from './summary.js';
import { readToken, type Terminal } from './token-input.js';
import { tryPlaces, type Row } from './try-places.js';
import { WebSocketDialogue } from './web-socket.dialogue.js';

/**
 * Runs the command `nestjs-ws-auth`, and resolves with its exit code.
 *
 * It prints addresses without their query, and never a credential.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const options = readOptions(args);
    if (!options) {
      terminal.stdout.write(usage);
      return 0;
    }
    return await tryServer(options, await readToken(options, terminal), terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.stderr.write(`${error.message}\nnestjs-ws-auth --help\n`);
      return 2;
    }
    throw error;
  }
}

async function tryServer(
  options: TryOptions,
  token: string,
  { stdout }: Terminal,
): Promise<number> {
  const { protocol, host, pathname } = options.url;
  stdout.write(`${protocol}//${host}${pathname}\n\n`);
  const rows: Row[] = [];
  for await (const row of tryPlaces(dialogueOf(options), token, options)) {
    rows.push(row);
    stdout.write(`${line(row)}\n`);
  }
  stdout.write(`\n${summary(rows)}\n`);
  return isAccepted(rows) ? 0 : 1;
}

function dialogueOf(options: TryOptions): Dialogue {
  return options.url.protocol.startsWith('http')
    ? new SocketIoDialogue(options.url, options.path, options)
    : new WebSocketDialogue(options.url, options);
}
