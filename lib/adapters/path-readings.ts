import { unescape } from 'node:querystring';

/** One way to read a request target: what follows a base path, or `undefined` if the target is not below it. */
export type Reading = (base: string) => string | undefined;

/**
 * Whether a server may read a request target as a path, or as something below it.
 *
 * One reading that matches is enough, since the target would otherwise reach the server unauthenticated.
 */
export function isBelow(base: string, url: string): boolean {
  return readingsOf(url).some((rest) => rest(base) !== undefined);
}

/**
 * How servers read a request target. Each compares paths in its own way: by the beginning of the text, by `new URL()`, decoded (by a
 * proxy as well), or without regard to case.
 */
export function readingsOf(url: string): readonly Reading[] {
  const text = url.replace(/[?#].*$/s, '');
  const host = 'http://localhost';
  const paths = URL.canParse(url, host) ? [text, new URL(url, host).pathname] : [text];
  return [
    // A base that is written with a slash at its end is the same as one without.
    (base) => restOf(url, base.replace(/\/$/, '')),
    ...paths.map(canonical).map(
      (path): Reading =>
        (base) =>
          restOf(path, canonical(base)),
    ),
  ];
}

function restOf(path: string, base: string): string | undefined {
  return path.startsWith(base) ? path.slice(base.length) : undefined;
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
