import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { answeredWith, closedWith, failure, type Answer } from './answer.js';
import type { Dialogue } from './dialogue.js';
import type { Sending } from './place.js';

/** One attempt to connect. */
export interface AttemptOptions {
  readonly dialogue: Dialogue;
  readonly sending: Sending;
  /** The credential, which no answer may repeat. */
  readonly token: string;
  /** Milliseconds for the whole attempt. */
  readonly timeoutMs: number;
}

/** Bodies are read so far: a refusal has a few words. */
const maxBodyBytes = 1_024;

/** Connects once, and resolves with what the server answered. It never rejects. */
export async function attempt(options: AttemptOptions): Promise<Answer> {
  const socket = open(options.sending);
  if (!socket) {
    return failure('not sent', 'the token has characters that cannot stand here');
  }
  try {
    return await answerOf(socket, options);
  } finally {
    socket.on('error', () => undefined).terminate();
  }
}

/** Errors of `ws` and of Node.js quote what is not valid, so they are not passed on. */
function open({ url, protocols, headers }: Sending): WebSocket | undefined {
  try {
    return new WebSocket(url, [...protocols], { headers, perMessageDeflate: false });
  } catch {
    return undefined;
  }
}

function answerOf(
  socket: WebSocket,
  { dialogue, sending, token, timeoutMs }: AttemptOptions,
): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(silence(socket)), timeoutMs);
    const answer = (given: Answer) => {
      clearTimeout(timer);
      resolve(given);
    };
    socket.on('open', () => dialogue.opening(sending).forEach((text) => socket.send(text)));
    socket.on('message', (data: Buffer) => {
      const reply = dialogue.reply(data.toString(), sending, token);
      if (typeof reply === 'string') {
        socket.send(reply);
      } else if (reply) {
        answer(reply);
      }
    });
    socket.on('close', (code, reason) => answer(closedWith(code, reason.toString(), token)));
    socket.on('error', (error) => answer(failureOf(error)));
    socket.on('unexpected-response', (_, response: IncomingMessage) => {
      void bodyOf(response).then((body) =>
        answer(answeredWith({ ...headOf(response), body }, token)),
      );
    });
  });
}

function silence(socket: WebSocket): Answer {
  return socket.readyState === WebSocket.OPEN
    ? failure('101', 'open, and no session answers: a public gateway, or another server')
    : failure('no answer', 'neither a response nor a connection');
}

/** The name of the failure: its message may quote the URL. */
function failureOf(error: Error & { readonly code?: unknown }): Answer {
  return failure(typeof error.code === 'string' ? error.code : error.name, 'no connection');
}

function headOf({ statusCode = 0, headers }: IncomingMessage) {
  return { status: statusCode, contentType: headers['content-type'] ?? '' };
}

/** What arrives of the body until it ends, fails or is long enough. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  let body = '';
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > maxBodyBytes) {
        break;
      }
    }
  } catch {
    // What has arrived is enough.
  }
  return body;
}
