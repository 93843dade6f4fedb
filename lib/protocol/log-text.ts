import { WsAuthError } from '../errors/ws-auth.error.js';
import { nameOfReason } from './safe-name.js';

const maxLength = 200;

/** Text of a peer in the form that fits into one log line: printable ASCII, bounded (CWE-117). */
export function logText(text: string): string {
  const printable = text.slice(0, maxLength).replace(/[^\x21-\x7e]/g, '?');
  return text.length > maxLength ? `${printable}...` : printable;
}

/**
 * Where an error came from, without its message: parsers quote their input, and the input may be a credential. Those of this package
 * hold neither, and name the fix.
 */
export function logError(error: unknown): string {
  try {
    return error instanceof Error
      ? [headOf(error), ...framesOf(error).slice(0, 8)].join('\n')
      : `a thrown ${typeof error}`;
  } catch {
    return 'an error that cannot be read';
  }
}

function headOf(error: Error): string {
  const name = nameOfReason(error) ?? 'Error';
  return error instanceof WsAuthError ? `${name}: ${error.message.replace(/\p{C}/gu, '?')}` : name;
}

/** The stack behind the message; nothing, if the message is not where it should be. */
function framesOf({ stack = '', message }: Error): string[] {
  const start = stack.indexOf(message);
  const frames = start === -1 ? '' : stack.slice(start + message.length);
  return frames.split('\n').filter((line) => /^\s+at /.test(line));
}
