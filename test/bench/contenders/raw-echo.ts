import type { WebSocket } from 'ws';
import type { User } from './verify.js';

interface Message {
  readonly event: string;
  readonly data: unknown;
}

/** Answers messages without a framework. */
export function answer(client: WebSocket, text: string, user: User | undefined): void {
  const { event, data } = JSON.parse(text) as Message;
  if (event === 'echo') {
    client.send(JSON.stringify({ event, data }));
  } else if (event === 'early') {
    client.send(JSON.stringify({ event, data: { n: data, user: user?.id ?? null } }));
  }
}
