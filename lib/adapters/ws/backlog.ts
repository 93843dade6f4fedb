import { WebSocket } from 'ws';
import { sizeOf } from './bytes-of.js';
import type { Gate } from './gate.js';

type SendCallback = (error?: Error) => void;

/** A client whose largest waiting message is known. */
interface BoundedClient extends WebSocket {
  wsAuthOversize: number;
}

/** Clients that were terminated for their backlog. */
const terminated = new WeakSet<WebSocket>();

/**
 * Terminates a client that reads too slowly, because its backlog uses server memory. Called after a message was handed to `ws`,
 * unless so little waits that it is within the bound in any case.
 *
 * The bound is on what waited before this message, so one message may be larger than the bound. Messages may wait behind a
 * large one as behind any other: the largest of them does not count.
 */
export function boundBacklog(client: BoundedClient, data: unknown, gate: Gate): void {
  const { maxBufferedBytes: maxBytes } = gate;
  const backlog = client.bufferedAmount + (gate.bytesBesideMessages ?? 0);
  if (backlog <= maxBytes) {
    client.wsAuthOversize = 0;
    return;
  }
  const size = sizeOf(data);
  const waitedBefore = backlog - size;
  if (client.readyState === WebSocket.OPEN && waitedBefore > maxBytes + client.wsAuthOversize) {
    terminated.add(client);
    client.terminate();
  } else if (size > maxBytes) {
    client.wsAuthOversize = Math.max(client.wsAuthOversize, size);
  }
}

/** Node reports success for a write that `destroy()` has cancelled. This callback reports an error instead. */
export function failingWhenTerminated(client: WebSocket, callback: SendCallback): SendCallback {
  return (error) => {
    callback(
      error ??
        (terminated.has(client)
          ? new Error('the client was terminated: it reads too slowly')
          : error),
    );
  };
}
