import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { callLast, fieldsOf, UnsentResponse } from './unsent-response.js';

/** What a middleware answered instead of calling `next()`. */
export interface MiddlewareAnswer {
  readonly status: number;
  /** Whether it called `redirect()`. */
  readonly redirects: boolean;
  /** Value of `Retry-After`, whole seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** Values of `WWW-Authenticate`. */
  readonly challenges: readonly string[];
}

/** The request of a response, with what Express adds. */
interface AskedRequest extends IncomingMessage {
  readonly app: object;
  accepts(...types: string[]): string | string[] | false;
  readonly next?: (error?: unknown) => void;
}

type Respond = (request: IncomingMessage, response: MiddlewareResponse, next: unknown) => unknown;

/**
 * The response that middleware works on, with the methods that Express adds.
 *
 * None of its bytes are sent. A middleware that ends it has refused the connection, and its status, its challenges and its
 * `Retry-After` become those of the refusal. Its body does not: it may repeat what the client sent.
 */
export class MiddlewareResponse extends UnsentResponse {
  readonly locals: object = {};
  /** Called when a middleware ends the response. */
  onEnd: (answer: MiddlewareAnswer) => void = ignore;
  redirects = false;
  /** Cookies that were set, and that no client gets. */
  lostCookies = 0;

  get app(): object {
    return (this.req as AskedRequest).app;
  }

  override end(...args: unknown[]): this {
    super.end(...args);
    this.onEnd(answerOf(this));
    return this;
  }

  status(status: number): this {
    this.statusCode = status;
    return this;
  }

  sendStatus(status: number): this {
    return this.status(status).end();
  }

  send(): this {
    return this.end();
  }

  json(): this {
    return this.end();
  }

  jsonp(): this {
    return this.end();
  }

  sendFile(...args: unknown[]): this {
    return this.end(...args);
  }

  download(...args: unknown[]): this {
    return this.end(...args);
  }

  /** Ends the response, unless the caller wants to have the page. */
  render(...args: unknown[]): this {
    if (typeof args.at(-1) !== 'function') {
      return this.end();
    }
    callLast(args, null, '');
    return this;
  }

  redirect(...args: readonly [url: string] | readonly [status: number, url: string]): this {
    const [first, url = first] = args;
    this.redirects = true;
    this.statusCode = typeof first === 'number' ? first : 302;
    return this.location(String(url)).end();
  }

  /** As in Express: the client gets what it accepts, or 406. */
  format(kinds: Readonly<Record<string, Respond>>): this {
    const request = this.req as AskedRequest;
    const types = Object.keys(kinds).filter((type) => type !== 'default');
    const type = types.length > 0 && request.accepts(...types);
    const respond = typeof type === 'string' ? kinds[type] : kinds['default'];
    this.vary('Accept');
    if (respond) {
      respond(request, this, (error?: unknown) => request.next?.(error));
      return this;
    }
    return this.sendStatus(406);
  }

  location(url: string): this {
    return this.set('Location', encodeURI(url));
  }

  links(links: Readonly<Record<string, string>>): this {
    const each = Object.entries(links).map(([rel, url]) => `<${url}>; rel="${rel}"`);
    return this.append('Link', each.join(', '));
  }

  get(name: string): OutgoingHttpHeader | undefined {
    return this.getHeader(name);
  }

  set(name: string | OutgoingHttpHeaders, value?: OutgoingHttpHeader): this {
    const fields = typeof name === 'string' ? { [name]: value } : name;
    for (const [field, each] of fieldsOf(fields)) {
      this.setHeader(field, each);
    }
    return this;
  }

  header(name: string | OutgoingHttpHeaders, value?: OutgoingHttpHeader): this {
    return this.set(name, value);
  }

  append(name: string, value: string | readonly string[]): this {
    const earlier = [this.getHeader(name) ?? []].flat().map(String);
    return this.set(name, [...earlier, ...[value].flat()]);
  }

  type(type: string): this {
    return this.set('Content-Type', type);
  }

  contentType(type: string): this {
    return this.type(type);
  }

  attachment(): this {
    return this.set('Content-Disposition', 'attachment');
  }

  vary(field: string | readonly string[]): this {
    return this.append('Vary', field);
  }

  /** No cookie leaves with the 101 or with a refusal. */
  cookie(): this {
    this.lostCookies += 1;
    return this;
  }

  clearCookie(): this {
    return this;
  }
}

function answerOf(response: MiddlewareResponse): MiddlewareAnswer {
  return {
    status: response.statusCode,
    redirects: response.redirects,
    retryAfterSeconds: secondsOf(response.getHeader('Retry-After')),
    challenges: [response.getHeader('WWW-Authenticate') ?? []].flat().map(String),
  };
}

/** `Retry-After` is a number of seconds, or a date (RFC 9110 §10.2.3). */
function secondsOf(retryAfter: OutgoingHttpHeader | undefined): number | undefined {
  const text = String(retryAfter ?? '').trim();
  if (/^\d{1,9}$/.test(text)) {
    return Number(text);
  }
  const date = /^[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1_000));
}

function ignore(): void {}
