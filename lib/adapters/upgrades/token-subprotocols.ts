import type { IncomingMessage } from 'node:http';
import { realSubprotocols, type Redaction } from '../../credentials/redaction.js';

const field = 'sec-websocket-protocol';

/**
 * Takes the subprotocols that hold a token out of an upgrade. Servers answer the first subprotocol that is offered: a redacted one
 * was never offered, and the client would fail the connection.
 */
export function hideTokenSubprotocols(request: IncomingMessage, redaction: Redaction): void {
  const offered = request.headers[field]?.split(',').map((entry) => entry.trim()) ?? [];
  const real = realSubprotocols(offered, redaction);
  if (real.length === offered.length) {
    return;
  }
  const left = real.join(', ');
  const { [field]: _offered, ...headers } = request.headers;
  request.headers = left === '' ? headers : { ...headers, [field]: left };
  request.rawHeaders = rawHeadersWith(request.rawHeaders, left);
  (request as { headersDistinct: unknown }).headersDistinct = null;
}

/** One line in place of all. */
function rawHeadersWith(rawHeaders: readonly string[], value: string): string[] {
  const pairs: string[] = [];
  let written = value === '';
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.toLowerCase() !== field) {
      pairs.push(name, rawHeaders[index + 1]!);
    } else if (!written) {
      written = true;
      pairs.push(name, value);
    }
  }
  return pairs;
}
