import { parseArgs } from 'node:util';
import type { PlaceNames } from './place.js';

/** What the command line asks for. */
export interface TryOptions extends PlaceNames {
  readonly url: URL;
  readonly origin: string | undefined;
  /** Path of the server of Socket.IO. */
  readonly path: string;
  /** Whether the credential may become a part of the URL on every host. */
  readonly inUrl: boolean;
  readonly timeoutMs: number;
  readonly token: string | undefined;
  readonly tokenStdin: boolean;
}

export const usage = `Usage: nestjs-ws-auth try <url> [options]

Connects once for each place in which a client can send its token, and prints what the server answers.
ws: and wss: are native WebSockets; http: and https: are Socket.IO, and the path is the namespace.

The token comes from the environment variable WS_AUTH_TOKEN, or from
  --token-stdin           the standard input
  --token <token>         the command line, where \`ps\` and the history of the shell show it

Options
  --cookie <name>         name for fromCookie()          (token)
  --query <name>          name for fromQueryParam()      (token)
  --subprotocol <prefix>  prefix for fromSubprotocol()   (bearer.)
  --origin <origin>       send this Origin, as a page does
  --in-url                send the token in URLs of other hosts as well: their access logs keep it
  --path <path>           path of the Socket.IO server   (/socket.io/)
  --timeout <ms>          for each attempt               (5000)

It exits with 0 if the server accepted the token in one place, with 1 if in none, and with 2 if it was called wrongly.
`;

/** A command line that cannot be understood. Its message holds no value. */
export class UsageError extends Error {}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

const config = {
  allowPositionals: true,
  options: {
    cookie: { ...text, default: 'token' },
    query: { ...text, default: 'token' },
    subprotocol: { ...text, default: 'bearer.' },
    path: { ...text, default: '/socket.io/' },
    timeout: { ...text, default: '5000' },
    origin: text,
    token: text,
    'token-stdin': flag,
    'in-url': flag,
    help: flag,
  },
} as const;

/**
 * Reads the command line; `undefined` if it asks for help.
 *
 * @throws {UsageError} with what is wrong.
 */
export function readOptions(args: readonly string[]): TryOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help || args.length === 0) {
    return undefined;
  }
  const [command, address, ...others] = positionals;
  if (command !== 'try' || address === undefined || others.length > 0) {
    throw new UsageError('expected `try` and one URL');
  }
  const { cookie, query, subprotocol, path, origin, token } = values;
  const timeoutMs = timeoutOf(values.timeout);
  const given = { tokenStdin: values['token-stdin'], inUrl: values['in-url'], token, origin };
  return { url: urlOf(address), cookie, query, subprotocol, path, timeoutMs, ...given };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ ...config, args: [...args] });
  } catch (error) {
    // The message may quote a value that was meant to be a token.
    const { code } = error as { code?: string };
    const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
    throw new UsageError(
      isUnknown ? 'unknown option' : 'an option lacks its value, or has one too many',
    );
  }
}

function urlOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^(?:ws|http)s?:$/.test(url.protocol)) {
    throw new UsageError('the URL has to begin with ws:, wss:, http: or https:');
  }
  if (url.username || url.password) {
    throw new UsageError('no credential belongs in the URL: set WS_AUTH_TOKEN');
  }
  url.hash = '';
  return url;
}

function timeoutOf(given: string): number {
  const timeoutMs = Number(given);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 600_000) {
    throw new UsageError('--timeout has to be a number of milliseconds, from 1 to 600000');
  }
  return timeoutMs;
}
