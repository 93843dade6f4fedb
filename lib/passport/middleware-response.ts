import {
  ServerResponse,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from 'node:http';

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

/** What middleware sees of a response that has been ended. */
const ended: PropertyDescriptorMap = {
  headersSent: { configurable: true, value: true },
  writableEnded: { configurable: true, value: true },
  finished: { configurable: true, writable: true, value: true },
};

/**
 * The response that middleware works on, with the methods that Express adds.
 *
 * None of its bytes are sent. A middleware that ends it has refused the connection, and its status, its challenges and its
 * `Retry-After` become those of the refusal. Its body does not: it may repeat what the client sent.
 */
export class MiddlewareResponse extends ServerResponse {
  readonly locals: object = {};
  /** Called when a middleware ends the response. */
  onEnd: (answer: MiddlewareAnswer) => void = ignore;
  redirects = false;

  constructor(request: IncomingMessage) {
    super(request);
    Object.defineProperty(request, 'res', { configurable: true, writable: true, value: this });
  }

  /** Of this response no bytes are kept, and no connection is used. */
  override write(...args: unknown[]): boolean {
    callLast(args);
    return true;
  }

  override end(...args: unknown[]): this {
    Object.defineProperties(this, ended);
    this.onEnd(answerOf(this));
    callLast(args);
    return this;
  }

  /** Keeps the fields where {@link getHeader} finds them. */
  override writeHead(status: number, ...rest: unknown[]): this {
    const fields = rest.findLast((each) => typeof each === 'object' && each !== null);
    for (const [name, value] of fieldsOf(fields)) {
      this.setHeader(name, value);
    }
    this.statusCode = status;
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

  render(): this {
    return this.end();
  }

  redirect(...args: readonly [url: string] | readonly [status: number, url: string]): this {
    const [first, url = first] = args;
    this.redirects = true;
    this.statusCode = typeof first === 'number' ? first : 302;
    return this.location(String(url)).end();
  }

  location(url: string): this {
    return this.set('Location', encodeURI(url));
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

  vary(field: string): this {
    return this.append('Vary', field);
  }

  /** No cookie leaves with the 101 or with a refusal. */
  cookie(): this {
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

function* fieldsOf(fields: unknown): Iterable<[name: string, value: OutgoingHttpHeader]> {
  if (Array.isArray(fields)) {
    const list = fields.flat() as OutgoingHttpHeader[];
    for (let index = 0; index + 1 < list.length; index += 2) {
      yield [String(list[index]), list[index + 1]!];
    }
    return;
  }
  for (const [name, value] of Object.entries((fields ?? {}) as OutgoingHttpHeaders)) {
    if (value !== undefined) {
      yield [name, value];
    }
  }
}

/** The callback of `write()` and `end()`, if there is one. */
function callLast(args: readonly unknown[]): void {
  const last = args.at(-1);
  if (typeof last === 'function') {
    process.nextTick(last);
  }
}

function ignore(): void {}
