import { handshake } from '../load/requests.js';
import { thenClose } from '../load/raw-frames.js';
import type { Visit } from '../load/visits.js';
import { base64, fill, jwtShaped, type HostileInput } from './hostile-input.js';

/** Bytes of a quarter of what Node accepts as a head. */
const quarterOfHead = 3_700;
/** Bytes of a quarter of a credential. */
const quarterOfCredential = 1_900;

const forged = 'Authorization: Bearer x';
const repeat = (text: string) => (bytes: number) => fill(bytes, () => text);

interface HeadParts {
  readonly target?: string;
  readonly fields?: readonly string[];
  readonly origin?: string;
}

function head(parts: HeadParts): Visit {
  return { head: Buffer.from(handshake(parts), 'latin1'), frames: thenClose() };
}

function inHead(label: string, parts: (bytes: number) => HeadParts): HostileInput {
  return { label, size: quarterOfHead, visit: (size) => head(parts(size)) };
}

function inQuery(label: string, text: (bytes: number) => string): HostileInput {
  return inHead(`query: ${label}`, (bytes) => ({ target: `/?${text(bytes)}`, fields: [forged] }));
}

function inField(label: string, name: string, text: (bytes: number) => string): HostileInput {
  return inHead(`${name}: ${label}`, (bytes) => ({ fields: [`${name}: ${text(bytes)}`] }));
}

/** The same field many times: as many as Node and this package accept. */
function inLines(label: string, line: (index: number) => string): HostileInput {
  return {
    label: `many lines: ${label}`,
    size: 20,
    visit: (size) =>
      head({ fields: [forged, ...Array.from({ length: size }, (_, index) => line(index))] }),
  };
}

/** Three quarters of the bytes, since base64 adds one. */
function basic(text: (bytes: number) => string): HostileInput['visit'] {
  return (size) =>
    head({ fields: [`Authorization: Basic ${base64(text(Math.floor(size * 0.7)))}`] });
}

const queries: readonly HostileInput[] = [
  inQuery('one name, repeated', repeat('a&')),
  inQuery('one name with values', repeat('a=1&')),
  inQuery('the name of the token, repeated', repeat('token=a&')),
  inQuery('different names', (bytes) => fill(bytes, (index) => `a${index}&`)),
  inQuery('names that are numbers', (bytes) => fill(bytes, (index) => `${index * 16_777_216}&`)),
  inQuery('nothing but separators', repeat('&')),
  inQuery('nothing but equals signs', repeat('=')),
  inQuery('escapes', repeat('%41')),
  inQuery('names that are escaped', repeat('%41&')),
  inQuery('escapes that are broken', repeat('%a&')),
  inQuery('escapes that are no UTF-8', repeat('%ff&')),
  inQuery('values with the form of a JWT', repeat(`a=${jwtShaped}&`)),
];

const fields: readonly HostileInput[] = [
  inLines('different names', (index) => `X-Field-${index}: x`),
  inLines('one name', () => 'X-Field: x'),
  inLines('cookies', (index) => `Cookie: session=${'x'.repeat(80)}; b${index}=2`),
  inLines('cookies of other names', (index) => `Cookie: b${index}=${'x'.repeat(100)}`),
  inLines(
    'subprotocols',
    (index) => `Sec-WebSocket-Protocol: bearer.${index}, ${'x'.repeat(90)}${index}`,
  ),
  inLines('addresses', () => `X-Forwarded-For: ${'192.0.2.1, '.repeat(10)}192.0.2.1`),
  inField('a long value', 'X-Field', repeat('x')),
  inField('different names', 'Cookie', (bytes) => fill(bytes, (index) => `a${index}=1; `)),
  inField('one name, repeated', 'Cookie', repeat('session=a; ')),
  inField('nothing but separators', 'Cookie', repeat(';')),
  inField('a long value', 'Cookie', (bytes) => `session=${'a'.repeat(bytes)}`),
  inField('white space', 'Cookie', (bytes) => `a;${' '.repeat(bytes)}b`),
  inField(
    'many entries',
    'Sec-WebSocket-Protocol',
    (bytes) => `${fill(bytes, (index) => `p${index},`)}p`,
  ),
  inField(
    'an entry that is repeated',
    'Sec-WebSocket-Protocol',
    (bytes) => `${repeat('p,')(bytes)}p`,
  ),
  inField(
    'many tokens',
    'Sec-WebSocket-Protocol',
    (bytes) => `${fill(bytes, (index) => `bearer.${index},`)}p`,
  ),
  inField('a long token', 'Sec-WebSocket-Protocol', (bytes) => `chat, bearer.${'x'.repeat(bytes)}`),
  inField(
    'many offers',
    'Sec-WebSocket-Extensions',
    (bytes) => `${'permessage-deflate,'.repeat(bytes / 19)}x`,
  ),
  inField(
    'many parameters',
    'Sec-WebSocket-Extensions',
    (bytes) => `permessage-deflate;${fill(bytes, (index) => `a${index};`)}z`,
  ),
  inField(
    'one parameter, repeated',
    'Sec-WebSocket-Extensions',
    (bytes) => `permessage-deflate;${repeat('client_no_context_takeover;')(bytes)}z`,
  ),
  inField('addresses', 'X-Forwarded-For', (bytes) => `${repeat('192.0.2.1,')(bytes)}192.0.2.1`),
  inField(
    'trusted addresses',
    'X-Forwarded-For',
    (bytes) => `${repeat('127.0.0.1,')(bytes)}127.0.0.1`,
  ),
  inField('colons', 'X-Forwarded-For', repeat('a:')),
  inField('a zone', 'X-Forwarded-For', (bytes) => `fe80::1${repeat('%a')(bytes)}`),
  inField('brackets', 'X-Forwarded-For', repeat('[')),
];

const origins: readonly HostileInput[] = ['a-', 'https://a', '.', ':', '[', 'A'].map((text) =>
  inHead(`Origin: ${text}, repeated`, (bytes) => ({
    fields: [forged],
    origin: `https://${repeat(text)(bytes)}.example`,
  })),
);

function inAuthorization(label: string, text: (bytes: number) => string): HostileInput {
  return { ...inField(label, 'Authorization', text), size: quarterOfCredential };
}

const credentials: readonly HostileInput[] = [
  inAuthorization('a long token', (bytes) => `Bearer ${'a'.repeat(bytes)}`),
  inAuthorization('spaces', (bytes) => `Bearer${' '.repeat(bytes)}a`),
  inAuthorization('dots', (bytes) => `Bearer ${repeat('eyJ.')(bytes)}`),
  inAuthorization('the form of JWTs', (bytes) => `Digest ${repeat(`${jwtShaped} `)(bytes)}x`),
  { label: 'Basic: colons', size: quarterOfCredential, visit: basic(repeat(':')) },
  {
    label: 'Basic: marks that NFC sorts',
    size: quarterOfCredential,
    visit: basic((bytes) => `a${'\u0301'.repeat(bytes / 4)}${'\u0327'.repeat(bytes / 4)}:x`),
  },
  {
    label: 'Basic: 30 marks each',
    size: quarterOfCredential,
    visit: basic(
      (bytes) => `${repeat(`a${'\u0301'.repeat(15)}${'\u0327'.repeat(15)}`)(bytes / 2)}:x`,
    ),
  },
  ...[
    inHead('request: cookies', (bytes) => ({
      fields: [`Cookie: ${fill(bytes, (index) => `a${index}=1; `)}`],
    })),
    inHead('request: cookies with the form of JWTs', (bytes) => ({
      fields: [`Cookie: ${repeat(`a=${jwtShaped}; `)(bytes)}x`],
    })),
    inHead('request: a key', (bytes) => ({
      fields: [`X-Api-Key: ${repeat(`${jwtShaped}.`)(bytes)}`],
    })),
  ].map((input) => at('/request', input)),
  at(
    '/close',
    inHead('refused by a close frame: a long token', (bytes) => ({
      fields: [`Authorization: Bearer ${'a'.repeat(bytes)}`],
    })),
  ),
];

/** The same at another path. */
function at(path: string, input: HostileInput): HostileInput {
  return {
    ...input,
    visit: (size) => {
      const visit = input.visit(size);
      const text = Buffer.from(visit.head).toString('latin1').replace('GET / ', `GET ${path} `);
      return { ...visit, head: Buffer.from(text, 'latin1') };
    },
  };
}

/** What a client can put into the head of an upgrade. */
export const hostileHeads: readonly HostileInput[] = [
  ...queries,
  ...fields,
  ...origins,
  ...credentials,
];
