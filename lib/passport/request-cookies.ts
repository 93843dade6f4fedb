import { parseCookie } from 'cookie';

/**
 * Parses a `Cookie` header as `cookie-parser` does: of two equal names the first counts.
 *
 * Every value stays a text. `cookie-parser` makes objects of values that start with `j:`, and middleware that expects a text
 * throws on what any client can send.
 */
export function parseCookies(header: string | undefined): Record<string, string | undefined> {
  return parseCookie(header ?? '', { decode });
}

/**
 * The cookies that middleware has put on the request that a strategy's request derives from. Reading them through the prototype
 * would make the getters of Express keep their answer there.
 */
export function parsedBefore(request: object, name: 'cookies' | 'signedCookies'): unknown {
  const base: object = Object.getPrototypeOf(request);
  return Object.getOwnPropertyDescriptor(base, name)?.value;
}

/** Without the quotes around it. A value that does not decode stays as it was sent. */
function decode(sent: string): string {
  const value = /^".*"$/.test(sent) ? sent.slice(1, -1) : sent;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
