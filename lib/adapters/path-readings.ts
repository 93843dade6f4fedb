import { unescape } from 'node:querystring';

/**
 * Whether a server may read a request target as a path, or as something below it.
 *
 * Each server compares paths in its own way: by the beginning of the text, by `new URL()`, decoded (by a proxy as well), or without
 * regard to case. One reading that matches is enough here, since the target would otherwise reach the server unauthenticated.
 */
export function isBelow(base: string, url: string): boolean {
  const root = canonical(base);
  return url.startsWith(base) || readingsOf(url).some((path) => canonical(path).startsWith(root));
}

function readingsOf(url: string): readonly string[] {
  const text = url.replace(/[?#].*$/s, '');
  const base = 'http://localhost';
  return URL.canParse(url, base) ? [text, new URL(url, base).pathname] : [text];
}

/** Decoded, as far as it can be, in lower case, without empty, `.` and `..` segments. */
function canonical(path: string): string {
  const segments: string[] = [];
  for (const segment of unescape(unescape(path))
    .toLowerCase()
    .split(/[/\\]+/)) {
    if (segment === '..') {
      segments.pop();
    } else if (segment !== '' && segment !== '.') {
      segments.push(segment);
    }
  }
  return `/${segments.join('/')}`;
}
