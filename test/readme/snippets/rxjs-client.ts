import { authenticateMessage } from 'nestjs-ws-auth/client';
import { webSocket, type WebSocketSubject, type WebSocketSubjectConfig } from 'rxjs/webSocket';

interface Message {
  event: string;
  data?: unknown;
}

/** A subject whose connections authenticate before anything else is sent. */
export function authenticatedSubject(
  url: string,
  newToken: () => string,
  options: Partial<WebSocketSubjectConfig<Message>> = {}, // in Node.js 20, { WebSocketCtor }
): WebSocketSubject<Message> {
  return webSocket<Message>({
    url,
    openObserver: {
      // Not by subject.next(): what was sent before the connection opened would be first.
      next: ({ target }) => {
        (target as unknown as Sender).send(authenticateMessage(newToken()));
      },
    },
    ...options,
  });
}

interface Sender {
  send(text: string): void;
}
