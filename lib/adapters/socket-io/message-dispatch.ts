import type { IoAdapter } from '@nestjs/platform-socket.io';
import type { MessageMappingProperties } from '@nestjs/websockets';
import { BehaviorSubject, filter, isObservable, takeUntil } from 'rxjs';
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

/** How messages become arguments of handlers, and results of handlers become replies. */
export interface Mapping {
  /** Makes data and acknowledgement of the arguments of an event. */
  readonly map: (payload: unknown) => Mapped;
  /** That of a derived adapter. The one of Nest does what `run()` does. */
  readonly transform: Parameters<IoAdapter['bindMessageHandlers']>[2] | undefined;
}

/**
 * Hands the messages of a client to the handlers of one gateway, and sends what they return, as `IoAdapter` does with a pipeline of RxJS.
 *
 * That one throws what cannot be sent from a timer, where it ends the process: a reply that is no JSON, or has the name of an event of
 * Socket.IO itself, which a client may choose.
 */
export function dispatchMessages(
  socket: IoSocket,
  handlers: readonly Handler[],
  mapping: Mapping,
): void {
  if (handlers.length === 0) {
    return;
  }
  const hasLeft = departureOf(socket);
  for (const handler of handlers) {
    socket.on(handler.message as string, (...args: unknown[]) => {
      // A handler of 'disconnect' does not run, as with IoAdapter: its client has left.
      if (!hasLeft.value) {
        void run({ socket, hasLeft, handler }, mapping, args.length > 1 ? args : args[0]);
      }
    });
  }
}

/** A handler of one client. */
interface Bound {
  readonly socket: IoSocket;
  readonly hasLeft: BehaviorSubject<boolean>;
  readonly handler: Handler;
}

async function run(bound: Bound, { map, transform }: Mapping, payload: unknown): Promise<void> {
  const { socket, hasLeft, handler } = bound;
  try {
    const { data, ack } = map(payload);
    const answer = handler.isAckHandledManually ? undefined : ack;
    const returned: unknown = handler.callback(data, ack);
    const result: unknown = transform ? transform(returned) : await returned;
    if (!isObservable(result)) {
      reply(socket, result, answer);
    } else if (socket.connected) {
      result.pipe(takeUntil(hasLeft.pipe(filter(Boolean)))).subscribe({
        next: (each) => contain('sending a reply', () => reply(socket, each, answer)),
        error: logException,
      });
    }
  } catch (error) {
    // Nest's exception layer answers the client; what still arrives here is an error of a filter, or of a reply.
    logException(error);
  }
}

/** Whether clients have left. One listener ends all replies of a client that go on. */
const departures = new WeakMap<IoSocket, BehaviorSubject<boolean>>();

/** Called before Nest binds `handleDisconnect()`, so that replies have ended when that runs, as with IoAdapter. */
function departureOf(socket: IoSocket): BehaviorSubject<boolean> {
  const known = departures.get(socket);
  if (known) {
    return known;
  }
  const hasLeft = new BehaviorSubject(false);
  departures.set(socket, hasLeft);
  socket.on('disconnect', () => hasLeft.next(true));
  return hasLeft;
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
