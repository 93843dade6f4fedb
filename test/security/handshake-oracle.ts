/** The one credential that is good, and the path it is good on. */
export interface ValidCredential {
  readonly token: string;
  readonly path: string;
}

/** Fields by name in lower case, every line of them. */
type Fields = ReadonlyMap<string, readonly string[]>;

/**
 * Whether bytes hold a valid handshake with a valid credential, by a reading of its own: it shares no code with what it
 * judges. Requests may be pipelined, so a valid handshake may begin at any line.
 */
export function handshakeHolds(bytes: string, valid: ValidCredential): boolean {
  for (let at = bytes.indexOf('GET '); at !== -1; at = bytes.indexOf('GET ', at + 1)) {
    if (isValidRequest(bytes.slice(at), valid)) {
      return true;
    }
  }
  return false;
}

function isValidRequest(bytes: string, valid: ValidCredential): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1 || bytes.length > end + 4) {
    return false;
  }
  const [requestLine = '', ...lines] = bytes.slice(0, end).split('\r\n');
  const target = /^GET +(\S+) +HTTP\/1\.1$/.exec(requestLine)?.[1];
  const fields = fieldsOf(lines);
  return target !== undefined && fields !== undefined && isHandshake(target, fields, valid.path)
    ? hasCredential(target, fields, valid.token)
    : false;
}

function fieldsOf(lines: readonly string[]): Fields | undefined {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    // oxlint-disable-next-line no-control-regex -- what no field value may hold
    if (!match || /[\u0000-\u0008\u000a-\u001f\u007f]/.test(match[2]!)) {
      return undefined;
    }
    const name = match[1]!.toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), match[2]!]);
  }
  return fields;
}

function only(fields: Fields, name: string): string | undefined {
  const values = fields.get(name) ?? [];
  return values.length === 1 ? values[0] : undefined;
}

function isHandshake(target: string, fields: Fields, path: string): boolean {
  const host = only(fields, 'host');
  const absolute = /^(?:https?|wss?):\/\/([^/?#]+)(.*)$/i.exec(target);
  const origin = absolute?.[1];
  const [pathname] = (absolute ? absolute[2]! : target).split('?');
  const listed = (name: string) =>
    (fields.get(name) ?? [])
      .flatMap((value) => value.split(','))
      .map((each) => each.trim().toLowerCase());
  return (
    host !== undefined &&
    /^[A-Za-z0-9.\-_~!$&'()*+,;=%]+(:\d+)?$|^\[[0-9A-Fa-f:.]+\](:\d+)?$/.test(host) &&
    (origin === undefined || origin.toLowerCase() === host.toLowerCase()) &&
    !target.includes('#') &&
    pathname === path &&
    listed('upgrade').includes('websocket') &&
    listed('connection').includes('upgrade') &&
    only(fields, 'sec-websocket-version') === '13' &&
    Buffer.from(only(fields, 'sec-websocket-key') ?? '', 'base64').length === 16 &&
    !fields.has('transfer-encoding') &&
    (fields.get('content-length') ?? []).every((length) => length === '0')
  );
}

function hasCredential(target: string, fields: Fields, token: string): boolean {
  const explicit = [
    ...(fields.get('authorization') ?? []).filter((value) => value !== '').map(bearer),
    ...inQuery(target),
    ...offered(fields)
      .filter((entry) => entry.startsWith('bearer.'))
      .map((entry) => entry.slice(7)),
  ];
  if (explicit.length > 0) {
    return explicit.length === 1 && explicit[0] === token;
  }
  const cookies = (fields.get('cookie') ?? [])
    .flatMap((value) => value.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.replace(/[ \t]*=.*/, '') === 'session')
    .map((pair) =>
      pair
        .slice(pair.indexOf('=') + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    )
    .filter((value) => value !== '');
  return cookies.length === 1 && cookies[0] === token && isSameOrigin(fields);
}

function bearer(authorization: string): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1];
}

function inQuery(target: string): string[] {
  const query = target.slice(target.indexOf('?') + 1);
  return target.includes('?')
    ? query
        .split('&')
        .filter((pair) => decoded(pair.split('=')[0]!) === 'token')
        .map((pair) => decoded(pair.slice(pair.indexOf('=') + 1)))
        .filter((value) => value !== '')
    : [];
}

function offered(fields: Fields): string[] {
  return (fields.get('sec-websocket-protocol') ?? [])
    .flatMap((value) => value.split(','))
    .map((entry) => entry.trim());
}

function isSameOrigin(fields: Fields): boolean {
  const origin = only(fields, 'origin')?.toLowerCase();
  return origin !== undefined && origin === `http://${only(fields, 'host')}`.toLowerCase();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
