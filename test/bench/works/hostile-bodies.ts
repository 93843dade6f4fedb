import { fragments, many, rawFrame, thenClose } from '../load/raw-frames.js';
import { handshake } from '../load/requests.js';
import { fill, jwtShaped, type HostileInput } from './hostile-input.js';

/** Bytes of a quarter of a first message. */
const quarterOfMessage = 2_000;
/** Bytes of a quarter of what a guest sends. */
const quarterOfGuest = 150_000;

const none = Buffer.alloc(0);

const plain = Buffer.from(handshake());

function message(label: string, text: (bytes: number) => string): HostileInput {
  return {
    label: `first message: ${label}`,
    size: quarterOfMessage,
    visit: (size) => ({ head: plain, frames: thenClose(rawFrame(text(size))) }),
  };
}

const authenticate = (data: string) => `{"event":"authenticate","data":${data}}`;

function frames(label: string, size: number, make: (count: number) => Buffer): HostileInput {
  return { label, size, visit: (count) => ({ head: plain, frames: thenClose(make(count)) }) };
}

const first = rawFrame(authenticate('{"token":"x"}'));

const messages: readonly HostileInput[] = [
  message('arrays in arrays', (bytes) =>
    authenticate(`${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}`),
  ),
  message('objects in objects', (bytes) =>
    authenticate(`${'{"a":'.repeat(bytes / 6)}1${'}'.repeat(bytes / 6)}`),
  ),
  message('different keys', (bytes) =>
    authenticate(
      `{${fill(bytes, (index) => `"${1_000 + index}a":1,`).slice(0, bytes - (bytes % 10))}"token":"x"}`,
    ),
  ),
  message('keys that are numbers', (bytes) =>
    authenticate(
      `{${Array.from({ length: bytes / 16 }, (_, index) => `"${(100 + index) * 16_777_216}":1,`).join('')}"token":"x"}`,
    ),
  ),
  message('one key, repeated', (bytes) =>
    authenticate(`{${'"a":1,'.repeat(bytes / 6)}"token":"x"}`),
  ),
  message('__proto__, repeated', (bytes) =>
    authenticate(`{${'"__proto__":1,'.repeat(bytes / 14)}"token":"x"}`),
  ),
  message('escapes', (bytes) => authenticate(`{"token":"${'\\u0061'.repeat(bytes / 6)}"}`)),
  message('event, repeated', (bytes) => `{${'"event":1,'.repeat(bytes / 10)}"data":{}}`),
  message('white space', (bytes) => `${' '.repeat(bytes)}${authenticate('{"token":"x"}')}`),
  message('a long token', (bytes) => authenticate(`{"token":"${'x'.repeat(bytes)}"}`)),
  message('dots', (bytes) => authenticate(`{"token":"${'eyJ.'.repeat(bytes / 4)}x"}`)),
  message('fields with the form of JWTs', (bytes) =>
    authenticate(
      `{${fill(bytes, (index) => `"${index % 10}":"${jwtShaped}",`).slice(0, -60)}":1,"token":"x"}`,
    ),
  ),
  message('no JSON', (bytes) => '{"a'.repeat(bytes / 3)),
  frames('first message: fragments', 15, (count) =>
    fragments(authenticate(`{"token":"${'x'.repeat(2_000)}"}`), count),
  ),
  frames('pings before the first message', 250, (count) =>
    many(count, rawFrame('x'.repeat(100), { opcode: 9 })),
  ),
  frames('pongs before the first message', 250, (count) =>
    many(count, rawFrame('x'.repeat(100), { opcode: 10 })),
  ),
  frames('messages behind the first', 15, (count) =>
    Buffer.concat([first, many(count, rawFrame('x'.repeat(900)))]),
  ),
];

/** A guest of a gateway, and one whose messages wait for a hook of its connection. */
const guest = Buffer.from(handshake({ target: '/guest' }));
const waiting = Buffer.from(handshake({ target: '/slow' }));

function asGuest(
  label: string,
  size: number,
  make: (size: number) => Buffer,
  head = guest,
): HostileInput {
  return {
    label: `${head === guest ? 'guest' : 'guest that waits'}: ${label}`,
    size,
    visit: (bytes) => ({ head, frames: thenClose(make(bytes)) }),
  };
}

const ofGuests: readonly HostileInput[] = [
  asGuest('a long text', quarterOfGuest, (bytes) =>
    rawFrame(`{"event":"echo","data":"${'x'.repeat(bytes)}"}`),
  ),
  asGuest('escapes', quarterOfGuest, (bytes) =>
    rawFrame(`{"event":"x","data":"${'\\u0061'.repeat(bytes / 6)}"}`),
  ),
  asGuest('event, repeated', quarterOfGuest, (bytes) =>
    rawFrame(`{${'"event":"authenticate",'.repeat(bytes / 23)}"event":"x"}`),
  ),
  asGuest('white space', quarterOfGuest, (bytes) =>
    rawFrame(`{"event"${' '.repeat(bytes)}:"authenticate\\u0061"}`),
  ),
  asGuest('arrays in arrays', quarterOfGuest / 10, (bytes) =>
    rawFrame(`{"event":"x","data":"authenticate"${'['.repeat(bytes)}`),
  ),
  asGuest('quotes', quarterOfGuest, (bytes) =>
    rawFrame(`{"authenticate":${'""'.repeat(bytes / 2)}`),
  ),
  asGuest('backslashes', quarterOfGuest, (bytes) =>
    rawFrame(`{"authenticate":"${'\\'.repeat(bytes)}`),
  ),
  asGuest('fragments', 2_000, (count) => fragments('x'.repeat(count), count)),
  asGuest('messages', 500, (count) => many(count, rawFrame('{"event":"x","data":"authenticate"}'))),
  asGuest('pings', 500, (count) => many(count, rawFrame('x', { opcode: 9 }))),
  asGuest('empty messages', 500, (count) => many(count, rawFrame(''))),
  asGuest('empty messages', 500, (count) => many(count, rawFrame('')), waiting),
  asGuest('messages', 500, (count) => many(count, rawFrame('{"event":"echo"}')), waiting),
  asGuest('pings', 500, (count) => many(count, rawFrame('', { opcode: 9 })), waiting),
];

function post(label: string, size: number, body: (size: number) => string): HostileInput {
  return {
    label: `cookie bridge: ${label}`,
    size,
    visit: (bytes) => ({ head: Buffer.from(requestOf(body(bytes)), 'latin1'), frames: none }),
  };
}

function requestOf(chunks: string): string {
  return [
    'POST /bridge HTTP/1.1',
    'Host: 127.0.0.1',
    'Origin: https://app.example.com',
    'Content-Type: text/plain',
    'Connection: close',
    'Transfer-Encoding: chunked',
    '',
    `${chunks}0\r\n\r\n`,
  ].join('\r\n');
}

const bodies: readonly HostileInput[] = [
  post('a body in bytes', 2_000, (count) => '1\r\nx\r\n'.repeat(count)),
  post(
    'a body in one piece',
    2_000,
    (bytes) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`,
  ),
];

/** What a client can send after the head: before it is authenticated, as a guest, and to the cookie bridge. */
export const hostileBodies: readonly HostileInput[] = [...messages, ...ofGuests, ...bodies];
