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

/** Names of header fields, as one client after the other has sent them. */
interface HeadNames {
  /** Names as they stand in `rawHeaders`. */
  readonly raw: readonly string[];
  /** Each name once. */
  readonly joined: string;
  /** The same in lower case. */
  readonly keys: readonly string[];
}

/** Most clients of an application send the same fields in the same order, and then share these. */
let lastNames: HeadNames = { raw: [], joined: '', keys: [] };

/**
 * Keeps what middleware and strategies may read of an upgrade for as long as its session lives: URL, HTTP version and redacted
 * header fields.
 *
 * @param url the URL without the parameters that hold credentials
 */
export function headOf(request: IncomingMessage, url: string): UpgradeHead {
  const { httpVersion, rawHeaders, headers } = request;
  if (!hasNames(rawHeaders, lastNames.raw)) {
    lastNames = namesOf(rawHeaders);
  }
  const { joined, keys } = lastNames;
  const values = [url, httpVersion];
  for (const key of keys) {
    values.push(String(headers[key]));
  }
  return { names: joined, values: values.join(separator) };
}

function hasNames(rawHeaders: readonly string[], raw: readonly string[]): boolean {
  return (
    rawHeaders.length === 2 * raw.length &&
    raw.every((name, index) => rawHeaders[2 * index] === name)
  );
}

function namesOf(rawHeaders: readonly string[]): HeadNames {
  const raw = rawHeaders.filter((_, index) => index % 2 === 0);
  const names = new Map<string, string>();
  for (const name of raw) {
    const key = name.toLowerCase();
    names.set(key, names.get(key) ?? name);
  }
  return { raw, joined: [...names.values()].join(separator), keys: [...names.keys()] };
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
