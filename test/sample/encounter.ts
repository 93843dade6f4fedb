import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** What a client brings to a gateway of the sample. */
export interface Approach {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent as soon as the connection is open. */
  readonly send?: string;
  /** What is sent right behind it. */
  readonly thenSend?: string;
}

/** What became of it: the status of the refused handshake, or the messages and the close code. */
export interface Encounter {
  readonly status: number;
  readonly challenges: readonly string[];
  readonly received: readonly string[];
  readonly code: number | undefined;
}

/** Connects, answers `Hello` with `Goodbye`, and waits for the end of the connection. */
export async function encounter(address: string, approach: Approach = {}): Promise<Encounter> {
  const { protocols = [], headers = {}, send, thenSend } = approach;
  const client = new WebSocket(address, [...protocols], { headers });
  const received: string[] = [];
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('unexpected-response', (request, response) => {
      request.destroy();
      resolve({
        status: response.statusCode ?? 0,
        challenges: challengesOf(response),
        received,
        code: undefined,
      });
    });
    client.on('open', () => {
      for (const text of [send, thenSend]) if (text !== undefined) client.send(text);
    });
    client.on('message', (data: Buffer) => {
      const text = data.toString();
      received.push(text);
      if (text.startsWith('Hello ')) client.send(`Goodbye ${text.slice(6, -1)}.`);
      else if (text.includes('"whoami"')) client.close(1000);
    });
    client.on('close', (code) => resolve({ status: 101, challenges: [], received, code }));
  });
}

function challengesOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === 'www-authenticate');
}
