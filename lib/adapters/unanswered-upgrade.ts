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
 *
 * @param before bytes that were written before: answers to other requests on its connection
 */
export function unlessAnswered(socket: Duplex, before: number, onUnanswered: () => void): void {
  const stop = () => {
    clearTimeout(timer);
    if (socket.writableEnded && bytesWrittenTo(socket) === before) {
      onUnanswered();
    }
  };
  const timer = setTimeout(() => {
    socket.off('close', stop);
    if (!socket.destroyed && isIgnored(socket, before)) {
      onUnanswered();
    }
  }, answerMs);
  timer.unref();
  socket.once('close', stop);
}

/** Whether the socket of an upgrade has had nothing written to it since, and has no reader. */
export function isIgnored(socket: Duplex, before: number): boolean {
  const isRead = ['data', 'readable'].some((event) => socket.listenerCount(event) > 0);
  return !isRead && bytesWrittenTo(socket) === before;
}

export function bytesWrittenTo(socket: Duplex): number {
  return (socket as Partial<Socket>).bytesWritten ?? 0;
}
