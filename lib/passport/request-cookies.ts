import { parseCookie } from 'cookie';

/**
 * Parses a `Cookie` header as `cookie-parser` does: of two equal names the first counts, and values that start with `j:`
 * are JSON.
 */
export function parseCookies(header: string | undefined): Record<string, unknown> {
  const cookies: Record<string, unknown> = parseCookie(header ?? '', { decode });
  for (const [name, value] of Object.entries(cookies)) {
    cookies[name] = jsonOrText(value as string);
  }
  return cookies;
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

function jsonOrText(text: string): unknown {
  if (!text.startsWith('j:')) {
    return text;
  }
  try {
    return JSON.parse(text.slice(2)) as unknown;
  } catch {
    return text;
  }
}
