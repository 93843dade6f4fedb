import type { MessageMappingProperties } from '@nestjs/websockets';
import { catchError, defer, EMPTY, ignoreElements, tap, type Observable } from 'rxjs';
import { contain, logException } from '../contain.js';
import type { IoSocket } from './platform-types.js';

/** Turns what a handler returns into replies. */
export type Transform = (returned: unknown) => Observable<unknown>;

/** What `IoAdapter` reads of a reply. */
interface Reply {
  readonly event?: string;
  readonly data?: unknown;
}

type Handler = MessageMappingProperties & { readonly isAckHandledManually?: boolean };

/**
 * Makes handlers that send their replies themselves, as `IoAdapter` does, and leave it none to send. It sends from a subscriber of RxJS,
 * which throws what cannot be sent from a timer, where it ends the process: a reply that is no JSON, or has the name of an event
 * of Socket.IO itself, which a client may choose.
 */
export function containedReplies(
  socket: IoSocket,
  handlers: readonly Handler[],
  transform: Transform,
): MessageMappingProperties[] {
  return handlers.map((handler) => ({
    ...handler,
    callback: (data: unknown, ack: unknown) => {
      const answer = handler.isAckHandledManually ? undefined : ack;
      return defer(() => transform(handler.callback(data, ack))).pipe(
        tap((reply) => contain('sending a reply', () => send(socket, reply, answer))),
        ignoreElements(),
        catchError((error: unknown) => {
          logException(error);
          return EMPTY;
        }),
      ) as never;
    },
  }));
}

function send(socket: IoSocket, reply: unknown, ack: unknown): void {
  if (reply === undefined || reply === null) {
    return;
  }
  const { event, data } = reply as Reply;
  if (event) {
    socket.emit(event, data);
  } else if (typeof ack === 'function') {
    (ack as (reply: unknown) => void)(reply);
  }
}
