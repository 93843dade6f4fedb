/** `scheme://host[:port]`; schemes other than http may have no host, as `file://` in some web views. */
const serializedOrigin =
  /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#@\s\\:*]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?)?$/;
const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * Normalises an `Origin` header: lower case, without the port its scheme implies. `wss:` counts as `https:`, and `ws:` as `http:`.
 *
 * Returns `undefined` for everything that is not the serialisation of an origin: `null`, a path, a trailing slash,
 * user information, two values joined by Node. `new URL(x).origin` would accept most of these.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6454#section-6.1 RFC 6454 §6.1}
 */
export function normalizeOrigin(origin: string): string | undefined {
  const match = serializedOrigin.exec(withHttpScheme(origin.toLowerCase()));
  if (!match) {
    return undefined;
  }
  const [, scheme, host, port] = match;
  if (host === undefined) {
    return defaultPorts[scheme!] === undefined ? `${scheme}://` : undefined;
  }
  return port === undefined || port === defaultPorts[scheme!]
    ? `${scheme}://${host}`
    : `${scheme}://${host}:${port}`;
}

/** Native clients send the URL of the socket as their origin. No browser does, so that a page gains nothing by it. */
function withHttpScheme(origin: string): string {
  return origin.startsWith('ws') ? origin.replace(/^ws(s?):/, 'http$1:') : origin;
}

/**
 * Normalises an origin from a configuration, where Unicode host names are welcome, or returns `undefined`.
 */
export function normalizeConfiguredOrigin(origin: string): string | undefined {
  if (/^wss?:\/\//i.test(origin)) {
    return normalizeConfiguredOrigin(withHttpScheme(origin.toLowerCase()));
  }
  if (!/^https?:\/\//i.test(origin)) {
    return normalizeOrigin(origin);
  }
  if (origin.includes('*') || !URL.canParse(origin)) {
    return undefined;
  }
  const authority = origin.slice(origin.indexOf('//') + 2);
  return /[/?#@\\]/.test(authority) ? undefined : normalizeOrigin(new URL(origin).origin);
}
