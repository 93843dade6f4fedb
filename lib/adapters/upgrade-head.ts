import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** No line of a request holds one. */
const separator = '\n';

/** What a session keeps of its upgrade. Two strings, since the request itself would take several times as much memory. */
export interface UpgradeHead {
  /** Names of the header fields, as the client wrote them. */
  readonly names: string;
  /** URL, HTTP version, and the redacted values of the header fields in the order of their names. */
  readonly values: string;
}

/** Most clients of an application send the same fields in the same order, and then share this string. */
let lastNames = '';

/**
 * Keeps what middleware and strategies may read of an upgrade for as long as its session lives: URL, HTTP version and redacted
 * header fields.
 *
 * @param url the URL without the parameters that hold credentials
 */
export function headOf(request: IncomingMessage, url: string): UpgradeHead {
  const { httpVersion, rawHeaders, headers } = request;
  const names: string[] = [];
  const values = [url, httpVersion];
  const known = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    const key = name.toLowerCase();
    if (!known.has(key)) {
      known.add(key);
      names.push(name);
      values.push(String(headers[key]));
    }
  }
  const joined = names.join(separator);
  if (joined !== lastNames) {
    lastNames = joined;
  }
  return { names: lastNames, values: values.join(separator) };
}

/** The upgrade again, as handlers saw it, with the socket that it came by. */
export function requestOf({ names, values }: UpgradeHead, socket: Duplex): IncomingMessage {
  const [url = '', httpVersion = '', ...fields] = values.split(separator);
  const request = new IncomingMessage(socket as Socket);
  const [major, minor] = httpVersion.split('.').map(Number);
  const headers: Record<string, string> = {};
  const rawHeaders = names.split(separator).flatMap((name, index) => {
    const value = fields[index]!;
    headers[name.toLowerCase()] = value;
    return [name, value];
  });
  return Object.assign(request, {
    method: 'GET',
    url,
    httpVersion,
    httpVersionMajor: major,
    httpVersionMinor: minor,
    rawHeaders,
    headers,
    complete: true,
    upgrade: true,
  });
}
