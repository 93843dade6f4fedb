import type { RawData } from 'ws';
import { comesTooLate } from '../../passport/thenable.js';
import { logException } from '../contain.js';
import type { ParsedMessage, ParseMessage } from './message-dispatch.js';

/**
 * A parser that drops frames which cannot be parsed.
 *
 * @param isBuiltIn whether it is that of Nest, which throws on what peers send: a log line for that would be theirs to write
 */
export function containedParser(
  parse: (data: string | RawData) => unknown,
  isBuiltIn: () => boolean,
): ParseMessage {
  return (data) => {
    try {
      const parsed = parse(data) as ParsedMessage | null | undefined;
      if (comesTooLate(parsed)) {
        throw new TypeError('messageParser: expected a message, got a promise');
      }
      return parsed ?? undefined;
    } catch (error) {
      if (!isBuiltIn()) {
        logException(error);
      }
      return undefined;
    }
  };
}
