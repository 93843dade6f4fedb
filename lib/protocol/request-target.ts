/** The parts of a request target that decide where an upgrade goes. */
export interface RequestTarget {
  /** Path as sent: neither decoded nor normalised, so `/x/../ws` is not `/ws`. */
  readonly path: string;
  /** Query as sent, without the question mark. */
  readonly query: string;
  /** Authority of an absolute-form target, such as `http://host/ws`. */
  readonly authority: string | undefined;
}

const absoluteForm = /^(?:https?|wss?):\/\/([^/?#]+)(\/.*)?$/i;

/**
 * Splits a request target, or returns `undefined` for one that no WebSocket client sends.
 *
 * `new URL()` is not used: it reads `//evil/ws` as a host, throws on `//`, and folds `/x/../ws` into `/ws`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-3.2 RFC 9112 §3.2}
 */
export function parseRequestTarget(url: string): RequestTarget | undefined {
  if (url.includes('#')) {
    return undefined;
  }
  if (url.charCodeAt(0) === 47) {
    return url.charCodeAt(1) === 47 ? undefined : split(url, undefined);
  }
  const absolute = absoluteForm.exec(url);
  return absolute ? split(absolute[2] ?? '/', absolute[1]) : undefined;
}

function split(target: string, authority: string | undefined): RequestTarget | undefined {
  if (target.startsWith('//')) {
    return undefined;
  }
  const mark = target.indexOf('?');
  return mark === -1
    ? { path: target, query: '', authority }
    : { path: target.slice(0, mark), query: target.slice(mark + 1), authority };
}
