import {
  ServerResponse,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from 'node:http';

/** What is seen of a response whose head has been written. */
const begun: PropertyDescriptorMap = { headersSent: { configurable: true, value: true } };

/** What is seen of a response that has been ended. */
const ended: PropertyDescriptorMap = {
  writableEnded: { configurable: true, value: true },
  writableFinished: { configurable: true, value: true },
  finished: { configurable: true, writable: true, value: true },
};

/**
 * A response of Node whose bytes go nowhere.
 *
 * It has the life of a real one. Its head is written before its end, which is where `on-headers` looks on, and it emits `finish`
 * and `close`, which is when `morgan` logs and other middleware cleans up.
 */
export class UnsentResponse extends ServerResponse {
  constructor(request: IncomingMessage) {
    super(request);
    Object.defineProperty(request, 'res', { configurable: true, writable: true, value: this });
    // Nothing is written to it: Node writes where a socket has been assigned to the response, which this one is not.
    Object.defineProperty(this, 'socket', { configurable: true, value: request.socket });
  }

  /** Of this response no bytes are kept. */
  override write(...args: unknown[]): boolean {
    this.flushHeaders();
    callLast(args);
    return true;
  }

  override end(...args: unknown[]): this {
    this.flushHeaders();
    Object.defineProperties(this, ended);
    callLast(args);
    return this;
  }

  override flushHeaders(): void {
    if (!this.headersSent) {
      this.writeHead(this.statusCode);
    }
  }

  /** Keeps the fields where {@link getHeader} finds them. */
  override writeHead(status: number, ...rest: unknown[]): this {
    const fields = rest.findLast((each) => typeof each === 'object' && each !== null);
    for (const [name, value] of fieldsOf(fields)) {
      this.setHeader(name, value);
    }
    this.statusCode = status;
    return Object.defineProperties(this, begun);
  }

  /**
   * Ends the life of the response, with the status that the client gets unless middleware has ended it with its own.
   *
   * @throws what a listener throws
   */
  conclude(status: number): void {
    if (!this.writableEnded) {
      this.statusCode = status;
      UnsentResponse.prototype.end.call(this);
    }
    this.emit('finish');
    this.emit('close');
  }
}

/** Fields in each of the forms that Node takes. */
export function* fieldsOf(fields: unknown): Iterable<[name: string, value: OutgoingHttpHeader]> {
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

/** Calls the callback that Node and Express take as the last argument, if there is one. */
export function callLast(args: readonly unknown[], ...results: readonly unknown[]): void {
  const last = args.at(-1);
  if (typeof last === 'function') {
    process.nextTick(last, ...results);
  }
}
