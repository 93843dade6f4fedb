import { handshake } from '../load/requests.js';
import { many, rawFrame, thenClose } from '../load/raw-frames.js';
import { sessionIdMark } from '../load/visits.js';
import { fill, jwtShaped, type HostileInput } from './hostile-input.js';

/** Bytes of a quarter of what a client may send before it is authenticated. */
const quarterOfMessage = 2_000;
/** Bytes of a quarter of what a guest sends. */
const quarterOfGuest = 100_000;

type Frames = (size: number) => readonly Buffer[];

/** A protocol on one path. */
interface Door {
  readonly name: string;
  readonly head: Buffer;
  /** What a guest asks for a session with. */
  readonly hello?: Buffer;
}

function through(
  { name, ...door }: Door,
  label: string,
  size: number,
  frames: Frames,
): HostileInput {
  return {
    label: `${name}: ${label}`,
    size,
    visit: (each) => ({ ...door, frames: thenClose(...frames(each)) }),
  };
}

const ofIo = (path: string) =>
  Buffer.from(handshake({ target: `/${path}/?EIO=4&transport=websocket` }));

const ioDoor: Door = { name: 'Socket.IO', head: ofIo('socket.io') };
const ioGuests: Door = {
  name: 'Socket.IO: guest',
  head: ofIo('guest.io'),
  hello: rawFrame('40'),
};

/** Whose events wait for a hook of the connection. */
const ioWaiting: Door = {
  name: 'Socket.IO: guest that waits',
  head: ofIo('slow.io'),
  hello: rawFrame('40'),
};

const io = (label: string, size: number, frames: Frames) => through(ioDoor, label, size, frames);
const ioGuest = (label: string, size: number, frames: Frames) =>
  through(ioGuests, label, size, frames);

/** The payload of a CONNECT packet. */
function connectWith(label: string, payload: (bytes: number) => string): HostileInput {
  return io(`CONNECT: ${label}`, quarterOfMessage, (size) => [rawFrame(`40${payload(size)}`)]);
}

/** The requests of polling: one that opens a connection, and one with packets, of which the last closes it. */
function polled(label: string, size: number, body: (size: number) => string): HostileInput {
  return {
    label: `Socket.IO: polling: ${label}`,
    size,
    visit: (each) => ({
      head: Buffer.from(request('GET', '', [])),
      frames: Buffer.from(post(`${body(each)}\x1e1`)),
    }),
  };
}

function post(body: string): string {
  const fields = [
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${request('POST', `&sid=${sessionIdMark}`, fields)}${body}`;
}

function request(method: string, query: string, fields: readonly string[]): string {
  const target = `/socket.io/?EIO=4&transport=polling${query}`;
  return [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...fields, '\r\n'].join('\r\n');
}

const arrays = (bytes: number) => `${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}`;
const keys = (bytes: number) => fill(bytes, (index) => `"${1_000 + index}a":1,`).slice(0, -20);
const escapes = (bytes: number) => '\\u0061'.repeat(bytes / 6);

const ofSocketIo: readonly HostileInput[] = [
  connectWith('a long token', (bytes) => `{"token":"${'x'.repeat(bytes)}"}`),
  connectWith('escapes', (bytes) => `{"token":"${escapes(bytes)}"}`),
  connectWith('arrays in arrays', (bytes) => `{"token":${arrays(bytes)}}`),
  connectWith('one key, repeated', (bytes) => `{${'"a":1,'.repeat(bytes / 6)}"token":"x"}`),
  connectWith(
    'fields with the form of JWTs',
    (bytes) => `{${fill(bytes, (index) => `"${index % 10}":"${jwtShaped}",`).slice(0, -60)}":1}`,
  ),
  connectWith('a long namespace', (bytes) => `/${'a'.repeat(bytes)},{"token":"x"}`),
  connectWith('a namespace with a query', (bytes) => `/a?${'a=1&'.repeat(bytes / 4)},{}`),
  io('many namespaces', 50, (count) =>
    Array.from({ length: count }, (_none, index) => rawFrame(`40/n${index},{"token":"x"}`)),
  ),
  io('events before CONNECT', 100, (count) => [many(count, rawFrame('42["echo",1]'))]),
  io('digits of attachments', quarterOfMessage, (size) => [rawFrame(`45${'9'.repeat(size)}-[]`)]),
  io('digits of an id', quarterOfMessage, (size) => [rawFrame(`42${'1'.repeat(size)}["echo"]`)]),
  io('attachments before CONNECT', 100, (count) => [
    rawFrame('4550-["x"]'),
    many(count, rawFrame('x', { opcode: 2 })),
  ]),
  io('pongs', 250, (count) => [many(count, rawFrame('3'))]),
  polled('packets', 500, (count) => '42["echo"]\x1e'.repeat(count)),
  polled('namespaces', 50, (count) => fill(count * 9, (index) => `40/n${100 + index},\x1e`)),
  polled('separators', quarterOfMessage, (bytes) => '\x1e'.repeat(bytes)),
  polled('a long token', quarterOfMessage, (bytes) => `40{"token":"${'x'.repeat(bytes)}"}`),
  polled('base64', quarterOfMessage, (bytes) => `b${'AAAA'.repeat(bytes / 4)}`),
];

const ofIoGuests: readonly HostileInput[] = [
  ioGuest('a long text', quarterOfGuest, (bytes) => [rawFrame(`42["x","${'x'.repeat(bytes)}"]`)]),
  ioGuest('escapes', quarterOfGuest, (bytes) => [rawFrame(`42["x","${escapes(bytes)}"]`)]),
  ioGuest('events', 500, (count) => [many(count, rawFrame('42["x",1]'))]),
  ioGuest('the smallest events', 500, (count) => [many(count, rawFrame('42[""]'))]),
  ioGuest('events that ask for an answer', 500, (count) => [many(count, rawFrame('421["echo"]'))]),
  through(ioWaiting, 'the smallest events', 500, (count) => [many(count, rawFrame('42[""]'))]),
  through(ioWaiting, 'events that ask for an answer', 500, (count) => [
    many(count, rawFrame('421["echo"]')),
  ]),
  ioGuest('acknowledgements', 500, (count) => [many(count, rawFrame('431[1]'))]),
  ioGuest('attachments', 500, (count) => [
    rawFrame(
      `45${count}-["x",${Array.from({ length: count }, (_none, num) => `{"_placeholder":true,"num":${num}}`).join()}]`,
    ),
    many(count, rawFrame('x', { opcode: 2 })),
  ]),
  ioGuest('namespaces', 100, (count) => [
    Buffer.concat(Array.from({ length: count }, (_none, index) => rawFrame(`40/n${index},{}`))),
  ]),
];

const ofGraphqlAt = (target: string) =>
  Buffer.from(handshake({ target, fields: ['Sec-WebSocket-Protocol: graphql-transport-ws'] }));

const graphqlDoor: Door = { name: 'graphql-ws', head: ofGraphqlAt('/graphql') };
const graphqlGuests: Door = {
  name: 'graphql-ws: guest',
  head: ofGraphqlAt('/visitors'),
  hello: rawFrame('{"type":"connection_init"}'),
};

const graphql = (label: string, size: number, frames: Frames) =>
  through(graphqlDoor, label, size, frames);
const graphqlGuest = (label: string, size: number, frames: Frames) =>
  through(graphqlGuests, label, size, frames);

function init(label: string, payload: (bytes: number) => string): HostileInput {
  return graphql(`connection_init: ${label}`, quarterOfMessage, (size) => [
    rawFrame(`{"type":"connection_init","payload":{${payload(size)}}}`),
  ]);
}

const ofGraphql: readonly HostileInput[] = [
  init('a long token', (bytes) => `"token":"${'x'.repeat(bytes)}"`),
  init('spaces behind a scheme', (bytes) => `"Authorization":"Bearer${' '.repeat(bytes)}x"`),
  init('escapes', (bytes) => `"token":"${escapes(bytes)}"`),
  init('arrays in arrays', (bytes) => `"token":${arrays(bytes)}`),
  init('different keys', (bytes) => `${keys(bytes)}"1":1`.replace(/,[^,]*$/, '')),
  init('headers', (bytes) => `"headers":{${'"authorization":"x",'.repeat(bytes / 20)}"a":1}`),
  graphql('pings before connection_init', 60, (count) => [
    many(count, rawFrame('{"type":"ping","payload":{"a":1}}')),
  ]),
  graphql('a long ping before connection_init', quarterOfMessage, (bytes) => [
    rawFrame(`{"type":"ping","payload":{"a":"${'x'.repeat(bytes)}"}}`),
  ]),
  graphql('a ping of arrays before connection_init', quarterOfMessage, (bytes) => [
    rawFrame(`{"type":"ping","payload":{"a":${arrays(bytes)}}}`),
  ]),
  graphql('subscribe before connection_init', quarterOfMessage, (bytes) => [
    rawFrame(`{"id":"1","type":"subscribe","payload":{"query":"${'{'.repeat(bytes)}"}}`),
  ]),
  graphql('complete before connection_init', 60, (count) => [
    many(count, rawFrame('{"id":"a","type":"complete"}')),
  ]),
];

const ofGraphqlGuests: readonly HostileInput[] = [
  graphqlGuest('pings', 500, (count) => [many(count, rawFrame('{"type":"ping"}'))]),
  graphqlGuest('pings of WebSocket', 500, (count) => [many(count, rawFrame('', { opcode: 9 }))]),
  graphqlGuest('a long ping', quarterOfGuest, (bytes) => [
    rawFrame(`{"type":"ping","payload":{"event":"a","data":"${'x'.repeat(bytes)}"}}`),
  ]),
  graphqlGuest('a ping of arrays', quarterOfGuest, (bytes) => [
    rawFrame(`{"type":"ping","payload":{"event":"a","data":${arrays(bytes)}}}`),
  ]),
  graphqlGuest('a long id', quarterOfGuest, (bytes) => [
    rawFrame(`{"id":"${'x'.repeat(bytes)}","type":"complete"}`),
  ]),
  graphqlGuest('different ids', 500, (count) => [
    Buffer.concat(
      Array.from({ length: count }, (_none, id) => rawFrame(`{"id":"${id}","type":"complete"}`)),
    ),
  ]),
];

/** What clients of Socket.IO and graphql-ws can send, before they are authenticated and as guests. */
export const hostileElsewhere: readonly HostileInput[] = [
  ...ofSocketIo,
  ...ofIoGuests,
  ...ofGraphql,
  ...ofGraphqlGuests,
];
