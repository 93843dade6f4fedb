import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Time in milliseconds that other servers have to answer an upgrade. Each of them ignores the paths that are not its own, so that a
 * client with a wrong path would wait, and hold its socket, for as long as it likes.
 */
const answerMs = 10_000;

/**
 * Calls back if no server has written to the socket of an upgrade in time, and none reads it, or if one has closed it without a word, as
 * engine.io does after a second.
 */
export function unlessAnswered(socket: Duplex, onUnanswered: () => void): void {
  const stop = () => {
    clearTimeout(timer);
    if (socket.writableEnded && (socket as Partial<Socket>).bytesWritten === 0) {
      onUnanswered();
    }
  };
  const timer = setTimeout(() => {
    socket.off('close', stop);
    if (!socket.destroyed && isIgnored(socket)) {
      onUnanswered();
    }
  }, answerMs);
  timer.unref();
  socket.once('close', stop);
}

function isIgnored(socket: Duplex): boolean {
  const isRead = ['data', 'readable'].some((event) => socket.listenerCount(event) > 0);
  return !isRead && (socket as Partial<Socket>).bytesWritten === 0;
}
