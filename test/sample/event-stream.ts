/** One message of `GET /sessions/events`. */
export interface StreamedMessage {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
}

/** Reads the events that the sample sends to a user. */
export class EventStream implements AsyncDisposable {
  readonly #abort: AbortController;
  readonly #messages: AsyncGenerator<StreamedMessage, undefined>;

  private constructor(
    readonly response: Response,
    abort: AbortController,
  ) {
    this.#abort = abort;
    this.#messages = messagesOf(response);
  }

  /** Begins to listen; the first message lists the open sessions. */
  static async open(
    address: string,
    { token, lastEventId }: { readonly token: string; readonly lastEventId?: string },
  ): Promise<EventStream> {
    const abort = new AbortController();
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
    };
    return new EventStream(await fetch(address, { headers, signal: abort.signal }), abort);
  }

  /** The next message, or `undefined` at the end of the stream. */
  async next(): Promise<StreamedMessage | undefined> {
    const { value } = await this.#messages.next();
    return value;
  }

  /** Reads on until a message is about the given event. */
  async until(name: string): Promise<StreamedMessage> {
    for (;;) {
      const message = await this.next();
      if (!message) throw new Error(`the stream ended without ${name}`);
      if ((message.data as { name?: string }).name === name) return message;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
  }
}

async function* messagesOf({ body }: Response): AsyncGenerator<StreamedMessage, undefined> {
  let text = '';
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    const blocks = `${text}${chunk}`.split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks.filter((block) => block.includes('data: ')).map(parse);
  }
  return undefined;
}

function parse(block: string): StreamedMessage {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
  return { id: field('id'), type: field('event'), data: JSON.parse(field('data')) };
}
