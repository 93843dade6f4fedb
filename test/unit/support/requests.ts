import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { parseHandshake, type Handshake } from '../../../lib/protocol/handshake.js';
import { Refusal } from '../../../lib/protocol/refusal.js';

/** Header lines in order, as the client wrote them; a name may come twice. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** What Node's parser does to a request it has read. */
interface ParsedMessage {
  _addHeaderLines(rawHeaders: string[], count: number): void;
}

/** The lines that every valid handshake has. */
export const handshakeLines: HeaderLines = [
  ['Host', 'gateway.example:3000'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Sec-WebSocket-Version', '13'],
];

/** A request as Node hands it to an `upgrade` listener, made by Node's own class. */
export function upgradeRequest(url: string, lines: HeaderLines = []): IncomingMessage {
  return requestOf(url, [...handshakeLines, ...lines]);
}

/** A request with exactly these lines. */
export function requestOf(url: string, lines: HeaderLines): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  const rawHeaders = lines.flat();
  (request as unknown as ParsedMessage)._addHeaderLines(rawHeaders, rawHeaders.length);
  return Object.assign(request, {
    url,
    method: 'GET',
    httpVersion: '1.1',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
  });
}

/** The lines of a valid handshake, some of them replaced or, with no values, left out. */
export function handshakeLinesWith(
  replaced: Readonly<Record<string, readonly string[]>>,
): HeaderLines {
  const names = new Set(Object.keys(replaced).map((name) => name.toLowerCase()));
  return [
    ...handshakeLines.filter(([name]) => !names.has(name.toLowerCase())),
    ...Object.entries(replaced).flatMap(([name, values]) =>
      values.map((value) => [name, value] as const),
    ),
  ];
}

/** A valid handshake, or an error that names the refusal. */
export function handshakeOf(url: string, lines: HeaderLines = []): Handshake {
  const handshake = parseHandshake(upgradeRequest(url, lines), 0);
  if (handshake instanceof Refusal) {
    throw new Error(`the handshake of the test is refused: ${handshake.code}`);
  }
  return handshake;
}
