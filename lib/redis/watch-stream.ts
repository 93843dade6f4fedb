import type { RedisConnection } from './redis-client.js';
import { parseStream } from './redis-stream.js';

/** Time in milliseconds for which one command waits for an entry. */
const blockMs = '5000';

/** Pause in milliseconds after a failure. */
const retryMs = 250;

/**
 * Calls back when the stream has a new entry, and after every failure, since something may have been missed.
 *
 * The stream is followed by blocking reads. Publish and subscribe would lose what is told while a node is cut off.
 *
 * @returns a function that stops it
 */
export function watchStream(
  connection: RedisConnection,
  key: string,
  onChange: () => void,
): () => Promise<void> {
  const stopping = new AbortController();
  void follow(connection, key, onChange, stopping.signal);
  return () => {
    stopping.abort();
    connection.close();
    return Promise.resolve();
  };
}

async function follow(
  connection: RedisConnection,
  key: string,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  let last: string | undefined;
  while (!signal.aborted) {
    try {
      if (last !== undefined) {
        await connection.send(['XREAD', 'BLOCK', blockMs, 'COUNT', '1', 'STREAMS', key, last]);
      }
      const newest = await newestId(connection, key);
      if (newest !== last) {
        last = newest;
        onChange();
      }
    } catch {
      last = undefined;
      await pause(signal);
    }
  }
}

async function newestId(connection: RedisConnection, key: string): Promise<string> {
  const [newest] = parseStream(await connection.send(['XREVRANGE', key, '+', '-', 'COUNT', '1']));
  return newest?.id ?? '0-0';
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, retryMs);
    timer.unref();
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
