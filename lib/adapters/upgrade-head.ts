import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** No line of a request holds one. */
const separator = '\n';

/**
 * Keeps what middleware and strategies may read of an upgrade for as long as its session lives: URL, HTTP version and redacted
 * header fields, in one string. The request itself would take several times as much memory.
 *
 * @param url the URL without the parameters that hold credentials
 */
export function headOf(request: IncomingMessage, url: string): string {
  const { httpVersion, rawHeaders, headers } = request;
  const parts = [url, httpVersion];
  const names = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    const key = name.toLowerCase();
    if (!names.has(key)) {
      names.add(key);
      parts.push(name, String(headers[key]));
    }
  }
  return parts.join(separator);
}

/** The upgrade again, as handlers saw it, with the socket that it came by. */
export function requestOf(head: string, socket: Duplex): IncomingMessage {
  const [url = '', httpVersion = '', ...fields] = head.split(separator);
  const request = new IncomingMessage(socket as Socket);
  const [major, minor] = httpVersion.split('.').map(Number);
  const headers: Record<string, string> = {};
  for (let index = 0; index < fields.length; index += 2) {
    headers[fields[index]!.toLowerCase()] = fields[index + 1]!;
  }
  return Object.assign(request, {
    method: 'GET',
    url,
    httpVersion,
    httpVersionMajor: major,
    httpVersionMinor: minor,
    rawHeaders: fields,
    headers,
    complete: true,
    upgrade: true,
  });
}
