import { contain } from '../contain.js';
import { maxHeldBytes, waitingMessageBytes } from '../waiting-message-bytes.js';
import { sizeOf } from './bytes-of.js';
import { failClient } from './fail-client.js';
import type { CloseArgs, GatedWebSocket } from './gate.js';
import { deliver, type QueuedMessage } from './held-messages.js';

/**
 * What a client has sent while guards and hooks of its connection run.
 *
 * The socket is read meanwhile, so that pings are answered and a client that leaves is noticed. It is paused when much waits, so that
 * a fast client fills its own buffers: beyond that, only what one chunk of the network had already delivered is kept here.
 */
export interface Hold {
  readonly queue: QueuedMessage[];
  bytes: number;
  /** Whether the application has paused the client: it stays paused afterwards. */
  isPaused: boolean;
  /** Whether the socket is paused. */
  isStopped: boolean;
  /** The end of a client that has left meanwhile. Its messages come first. */
  close: CloseArgs | undefined;
  /** Called if the connection ends before the hold. */
  readonly onDropped: () => void;
  /** Whether the messages of a client that leaves are handled after the hold. */
  readonly outlives: () => boolean;
}

/**
 * Keeps the messages of a client from all listeners.
 *
 * @returns a function that delivers them, in order
 */
export function holdClient(
  client: GatedWebSocket,
  onDropped: () => void,
  outlives: () => boolean,
): () => void {
  const { isPaused } = client;
  const hold: Hold = {
    queue: [],
    bytes: 0,
    isPaused,
    isStopped: isPaused,
    close: undefined,
    onDropped,
    outlives,
  };
  client.wsAuthHold = hold;
  return () => release(client, hold);
}

/** Bytes that may wait before the socket is paused: about a chunk of the network. */
const pauseAtBytes = 65_536;

/** Emitted when a client leaves while its messages are held, and `close` comes after them. */
export const left = Symbol('nestjs-ws-auth:left');

/** Keeps an event from listeners if it has to wait. A client that sends too much meanwhile is closed with 1011. */
export function keeps(
  client: GatedWebSocket,
  hold: Hold,
  event: string | symbol,
  args: readonly unknown[],
): boolean {
  if (event === 'message') {
    const [data, isBinary] = args as [QueuedMessage['data'], boolean];
    hold.bytes += sizeOf(data) + waitingMessageBytes;
    // Uncompressed, a chunk of the network holds less than the bound; compressed, it may hold a thousandfold.
    if (hold.queue.length > 0 && hold.bytes > maxHeldBytes) {
      hold.queue.length = 0;
      failClient(client, 'sending while the guards of a connection run', new Error('too much'));
    } else {
      hold.queue.push({ data, isBinary });
      stopReading(client, hold);
    }
    return true;
  }
  if (event === 'close') {
    hold.close = args;
    if (hold.outlives()) {
      client.emit(left);
    } else {
      dropHold(client);
    }
    return true;
  }
  return false;
}

function stopReading(client: GatedWebSocket, hold: Hold): void {
  if (hold.bytes > pauseAtBytes && !hold.isStopped) {
    hold.isStopped = true;
    setPaused(client, hold, true);
  }
}

/** During a hold `pause()` and `resume()` of the client only note what the application wants. */
function setPaused(client: GatedWebSocket, hold: Hold, isPaused: boolean): void {
  client.wsAuthHold = undefined;
  if (isPaused) {
    client.pause();
  } else {
    client.resume();
  }
  client.wsAuthHold = hold;
}

/** Ends a hold without its messages, because the connection ends. */
export function dropHold(client: GatedWebSocket): void {
  const { wsAuthHold: hold } = client;
  if (hold) {
    client.wsAuthHold = undefined;
    contain('ending a connection', hold.onDropped);
    emitClose(client, hold);
  }
}

function release(client: GatedWebSocket, hold: Hold): void {
  if (client.wsAuthHold !== hold) {
    return;
  }
  if (hold.isPaused !== hold.isStopped) {
    setPaused(client, hold, hold.isPaused);
  }
  client.wsAuthHold = undefined;
  deliver(client, hold.queue);
  // Nest starts handlers by promises. They have begun, as on a socket that closes after its last message.
  setImmediate(() => emitClose(client, hold));
}

function emitClose(client: GatedWebSocket, { close }: Hold): void {
  if (close) {
    client.emit('close', ...close);
  }
}
