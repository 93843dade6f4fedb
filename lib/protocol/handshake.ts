import type { IncomingMessage } from 'node:http';
import { isToken } from './header-syntax.js';
import type { WsAuthCheck } from './diagnosis.js';
import { Refusal, refusedBy } from './refusal.js';
import { parseRequestTarget, type RequestTarget } from './request-target.js';

/** The part of an HTTP request that a handshake is read from. */
export type HandshakeRequest = Pick<
  IncomingMessage,
  'httpVersionMajor' | 'httpVersionMinor' | 'method' | 'rawHeaders' | 'url'
>;

/**
 * The request that opens a connection: a WebSocket handshake, or the first poll of Socket.IO.
 *
 * @publicApi
 */
export interface Handshake {
  /** Path and query. */
  readonly target: RequestTarget;
  /** The one valid `Host`. */
  readonly host: string;
  /** `Origin` as sent; two of them are joined, and then match nothing. */
  readonly origin: string | undefined;
  /** The one `Authorization`, as sent. */
  readonly authorization: string | undefined;
  /** All cookies, in the form of one header line. */
  readonly cookie: string | undefined;
  /** Offered subprotocols, in order, each a unique token. */
  readonly subprotocols: readonly string[];
}

/**
 * Node 20 silently drops what follows about 1,000 header fields, so a large count hides an `Origin` or a `Cookie`.
 * No browser and no proxy chain sends a tenth of that.
 */
export const maxHeaderFields = 100;

const host = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::\d{1,5})?$/;
const key = /^[A-Za-z0-9+/]{22}==$/;

/** Names of the fields that a handshake is read from. */
type FieldName = keyof typeof noFields;

const noFields = {
  host: undefined as string | undefined,
  upgrade: undefined as string | undefined,
  authorization: undefined as string | undefined,
  'sec-websocket-key': undefined as string | undefined,
  'sec-websocket-version': undefined as string | undefined,
  origin: undefined as string | undefined,
  connection: undefined as string | undefined,
  cookie: undefined as string | undefined,
  'sec-websocket-protocol': undefined as string | undefined,
  'content-length': undefined as string | undefined,
  'transfer-encoding': undefined as string | undefined,
};

/** What stands between two of them. The others are single by definition: a second line is an attack or a broken proxy. */
const separators: Readonly<Partial<Record<FieldName, string>>> = {
  origin: ', ',
  connection: ', ',
  cookie: '; ',
  'sec-websocket-protocol': ', ',
  'content-length': ', ',
  'transfer-encoding': ', ',
};

/** By the way they are sent: in lower case, or as the RFCs write them. */
const fieldNames: ReadonlyMap<string, FieldName> = new Map(
  (Object.keys(noFields) as FieldName[]).flatMap((name): [string, FieldName][] => {
    const usual = name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
    return [
      [name, name],
      [usual, name],
      [usual.replace('Websocket', 'WebSocket'), name],
    ];
  }),
);

/**
 * Reads and checks a complete opening handshake of {@link https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1 RFC 6455 §4.2.1}, or
 * returns its refusal. Nothing is decided on a partial one.
 *
 * Node emits `upgrade` for requests without `Host`, over HTTP/1.0, with a body or with a POST method, and keeps the
 * first of two `Authorization` lines, so all of it is checked here, on the raw header fields.
 */
export function parseHandshake(request: HandshakeRequest, earlyBytes: number): Handshake | Refusal {
  const fields = collectFields(request.rawHeaders);
  if (fields instanceof Refusal) {
    return fields;
  }
  return (
    checkRequestLine(request) ??
    checkBody(fields, earlyBytes) ??
    checkUpgrade(fields) ??
    readHandshake(request, fields)
  );
}

/** Reads and checks a plain GET that opens a connection, as the first poll of Socket.IO does, in the same way. */
export function parseRequest(request: HandshakeRequest): Handshake | Refusal {
  const fields = collectFields(request.rawHeaders);
  if (fields instanceof Refusal) {
    return fields;
  }
  return checkRequestLine(request) ?? checkBody(fields, 0) ?? readHandshake(request, fields);
}

/**
 * Reads a later request of a connection that another request has opened, such as a poll, a POST with packets or the upgrade of
 * Socket.IO. The engine judges its form; what identifies the client is checked as in every request.
 */
export function parseLaterRequest(request: HandshakeRequest): Handshake | Refusal {
  const fields = collectFields(request.rawHeaders);
  return fields instanceof Refusal ? fields : readHandshake(request, fields);
}

function readHandshake(request: HandshakeRequest, fields: Fields): Handshake | Refusal {
  const target = parseRequestTarget(request.url ?? '');
  const authority = fields.host ?? '';
  if (!target) {
    return malformed('request-target');
  }
  if (!host.test(authority) || !namesHost(target, authority)) {
    return malformed('host');
  }
  const subprotocols = parseSubprotocols(fields['sec-websocket-protocol']);
  return subprotocols === undefined
    ? malformed('sec-websocket-protocol')
    : {
        target,
        host: authority,
        origin: fields.origin,
        authorization: fields.authorization,
        cookie: fields.cookie,
        subprotocols,
      };
}

type Fields = Readonly<typeof noFields>;

function malformed(check: WsAuthCheck, ...fields: string[]): Refusal {
  return refusedBy(check, 'ERR_WS_AUTH_MALFORMED_HANDSHAKE', fields.length > 0 ? { fields } : {});
}

function collectFields(rawHeaders: readonly string[]): Fields | Refusal {
  if (rawHeaders.length > maxHeaderFields * 2) {
    return refusedBy('header-count', 'ERR_WS_AUTH_TOO_MANY_HEADERS');
  }
  const fields = { ...noFields };
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index]!;
    const name = fieldNames.get(sent) ?? fieldNames.get(sent.toLowerCase());
    if (name === undefined) {
      continue;
    }
    const earlier = fields[name];
    const separator = separators[name];
    if (earlier !== undefined && separator === undefined) {
      return malformed('repeated-header', name);
    }
    const value = rawHeaders[index + 1]!;
    fields[name] = earlier === undefined ? value : earlier + separator + value;
  }
  return fields;
}

function checkRequestLine(request: HandshakeRequest): Refusal | undefined {
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor < 1) {
    return malformed('http-version');
  }
  return request.method === 'GET'
    ? undefined
    : refusedBy('method', 'ERR_WS_AUTH_METHOD_NOT_ALLOWED');
}

function checkBody(fields: Fields, earlyBytes: number): Refusal | undefined {
  const hasBody =
    fields['transfer-encoding'] !== undefined || (fields['content-length'] ?? '0') !== '0';
  return hasBody || earlyBytes > 0 ? malformed(hasBody ? 'body' : 'early-data') : undefined;
}

function checkUpgrade(fields: Fields): Refusal | undefined {
  if (fields.upgrade?.toLowerCase() !== 'websocket') {
    return refusedBy('upgrade', 'ERR_WS_AUTH_UPGRADE_REQUIRED');
  }
  if (fields['sec-websocket-version'] !== '13') {
    return refusedBy('sec-websocket-version', 'ERR_WS_AUTH_UPGRADE_REQUIRED');
  }
  if (!namesUpgrade(fields.connection)) {
    return malformed('connection');
  }
  return key.test(fields['sec-websocket-key'] ?? '') ? undefined : malformed('sec-websocket-key');
}

function namesUpgrade(connection: string | undefined): boolean {
  const options = connection?.toLowerCase();
  return (
    options === 'upgrade' ||
    (options?.split(',').some((option) => option.trim() === 'upgrade') ?? false)
  );
}

/** An absolute-form target must name the host that the request is for (RFC 9112 §3.2.2). */
function namesHost({ authority }: RequestTarget, hostField: string): boolean {
  return authority === undefined || authority.toLowerCase() === hostField.toLowerCase();
}

const none: readonly string[] = Object.freeze([]);

/** Unique, non-empty tokens (RFC 6455 §4.1, item 10), or `undefined`. */
function parseSubprotocols(value: string | undefined): readonly string[] | undefined {
  if (value === undefined) {
    return none;
  }
  const offered = value.split(',').map((entry) => entry.trim());
  return offered.every(isToken) && new Set(offered).size === offered.length ? offered : undefined;
}
