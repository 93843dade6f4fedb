import type { MessageMappingProperties } from '@nestjs/websockets';
import { fromEvent, isObservable, share, takeUntil, type Observable } from 'rxjs';
import { contain, logException } from '../contain.js';
import type { IoSocket } from './platform-types.js';

/** A message as handlers get it. */
export interface Mapped {
  readonly data: unknown;
  readonly ack?: unknown;
}

/** What `IoAdapter` reads of a reply. */
interface Reply {
  readonly event?: string;
  readonly data?: unknown;
}

type Handler = MessageMappingProperties & { readonly isAckHandledManually?: boolean };

/**
 * Hands the messages of a client to the handlers of one gateway, and sends what they return, as `IoAdapter` does with a pipeline of RxJS.
 *
 * That one throws what cannot be sent from a timer, where it ends the process: a reply that is no JSON, or has the name of an event of
 * Socket.IO itself, which a client may choose.
 *
 * @param map makes data and acknowledgement of the arguments of an event
 */
export function dispatchMessages(
  socket: IoSocket,
  handlers: readonly Handler[],
  map: (payload: unknown) => Mapped,
): void {
  for (const handler of handlers) {
    socket.on(handler.message as string, (...args: unknown[]) => {
      void run(socket, handler, () => map(args.length > 1 ? args : args[0]));
    });
  }
}

async function run(socket: IoSocket, handler: Handler, read: () => Mapped): Promise<void> {
  try {
    const { data, ack } = read();
    const answer = handler.isAckHandledManually ? undefined : ack;
    const result: unknown = await handler.callback(data, ack);
    if (!isObservable(result)) {
      reply(socket, result, answer);
    } else if (socket.connected) {
      result.pipe(takeUntil(endOf(socket))).subscribe({
        next: (each) => contain('sending a reply', () => reply(socket, each, answer)),
        error: logException,
      });
    }
  } catch (error) {
    // Nest's exception layer answers the client; what still arrives here is an error of a filter, or of a reply.
    logException(error);
  }
}

/** Ends of clients with replies that go on. One listener serves all those of a client. */
const ends = new WeakMap<IoSocket, Observable<unknown>>();

function endOf(socket: IoSocket): Observable<unknown> {
  const known = ends.get(socket);
  if (known) {
    return known;
  }
  const end = fromEvent(socket as never, 'disconnect').pipe(share());
  ends.set(socket, end);
  return end;
}

function reply(socket: IoSocket, result: unknown, ack: unknown): void {
  if (result === undefined || result === null || !socket.connected) {
    return;
  }
  const { event, data } = result as Reply;
  if (event) {
    socket.emit(event, data);
  } else if (typeof ack === 'function') {
    (ack as (reply: unknown) => void)(result);
  }
}
