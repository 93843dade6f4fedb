/** Where every client of a run claims to come from. */
export const benchOrigin = 'https://app.example.com';

/** What a credential is put in place of. */
export const credentialMark = '{credential}';

/** Changes to a proper handshake. */
export interface HandshakeOptions {
  readonly target?: string;
  readonly fields?: readonly string[];
  readonly origin?: string;
  readonly version?: string;
}

/** The bytes of a handshake. */
export function handshake(options: HandshakeOptions = {}): string {
  const { target = '/', fields = [], origin = benchOrigin, version = '13' } = options;
  return [
    `GET ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Version: ${version}`,
    `Origin: ${origin}`,
    'User-Agent: bench',
    ...fields,
    '\r\n',
  ].join('\r\n');
}

export const bearerField = `Authorization: Bearer ${credentialMark}`;
