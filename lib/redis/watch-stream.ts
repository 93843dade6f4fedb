import { setTimeout as delay } from 'node:timers/promises';
import { answerWithin } from './answer-within.js';
import type { RedisConnection } from './redis-client.js';
import { parseStream } from './redis-stream.js';

/** The stream to follow, and its listeners. */
export interface StreamWatch {
  readonly key: string;
  /** Time in milliseconds after which a command counts as failed. */
  readonly timeoutMs: number;
  /** Makes a connection of its own: a blocking read holds up everything behind it. */
  connect(): RedisConnection;
  onChange(): void;
}

/** Longest and shortest time in milliseconds for which one command waits for an entry. */
const longestBlockMs = 5_000;
const shortestBlockMs = 500;

/** Time in milliseconds that a new connection has for its first answer. */
const connectMs = 5_000;

/**
 * Pause in milliseconds after an entry, so that those of the same moment are read together. The first one is read immediately.
 * 100 nodes that read each of 1,000 revocations a second by itself would need more commands than one Redis can answer.
 */
const gatherMs = 20;

/** Pause in milliseconds after a failure. */
const retryMs = 250;

/**
 * Calls back when the stream has a new entry, when the connection fails, and when there is one again, since something may
 * have been missed.
 *
 * The stream is followed by blocking reads. Publish and subscribe would lose what is published while a node is disconnected. A
 * connection that fails, or is silent for longer than a blocking read lasts, is replaced: one whose peer has vanished
 * without a word would block for ever.
 *
 * @returns a function that stops it
 */
export function watchStream(watch: StreamWatch): () => Promise<void> {
  const stopping = new AbortController();
  void follow(watch, stopping.signal);
  return () => {
    stopping.abort();
    return Promise.resolve();
  };
}

/** One connection after the other, and what the next one has to know. */
interface Following {
  readonly signal: AbortSignal;
  /** Time in milliseconds for which a read waits for an entry. */
  blockMs: number;
  /** Monotonic milliseconds at which the present read began; `Infinity` between reads. */
  waitsSince: number;
}

async function follow(watch: StreamWatch, signal: AbortSignal): Promise<void> {
  const following = { signal, blockMs: longestBlockMs, waitsSince: Number.POSITIVE_INFINITY };
  while (!signal.aborted) {
    await followUntilFailure(watch, following).catch(() => shortenAfterEarlyEnd(following));
    if (!signal.aborted) {
      watch.onChange();
      await delay(retryMs, undefined, { signal, ref: false }).catch(ignore);
    }
  }
}

/**
 * A client may have a time limit for commands or for silence that is shorter than a read waits (`socketTimeout`,
 * `commandTimeout`), and would lose one connection after the other. So a read that failed while it waited waits half as long
 * next time.
 */
function shortenAfterEarlyEnd(following: Following): void {
  const waitedMs = performance.now() - following.waitsSince;
  if (waitedMs >= shortestBlockMs / 2 && waitedMs < following.blockMs) {
    following.blockMs = Math.max(shortestBlockMs, Math.floor(following.blockMs / 2));
  }
}

async function followUntilFailure(watch: StreamWatch, following: Following): Promise<void> {
  const { signal } = following;
  const connection = watch.connect();
  const close = () => connection.close();
  following.waitsSince = Number.POSITIVE_INFINITY;
  signal.addEventListener('abort', close);
  try {
    await followOn(connection, watch, following);
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

async function followOn(
  connection: RedisConnection,
  watch: StreamWatch,
  following: Following,
): Promise<void> {
  const { key, timeoutMs } = watch;
  const { signal, blockMs } = following;
  const wait = ['XREAD', 'BLOCK', String(blockMs), 'COUNT', '1', 'STREAMS', key];
  let last = await newestId(connection, key, connectMs);
  watch.onChange();
  while (!signal.aborted) {
    following.waitsSince = performance.now();
    await answerWithin(blockMs + timeoutMs, connection.send([...wait, last]));
    following.waitsSince = Number.POSITIVE_INFINITY;
    const newest = await newestId(connection, key, timeoutMs);
    if (newest !== last) {
      last = newest;
      watch.onChange();
      await gather();
    }
  }
}

async function newestId(
  connection: RedisConnection,
  key: string,
  timeoutMs: number,
): Promise<string> {
  const command = ['XREVRANGE', key, '+', '-', 'COUNT', '1'];
  const [newest] = parseStream(await answerWithin(timeoutMs, connection.send(command)));
  return newest?.id ?? '0-0';
}

/** By the global timer, which the test that counts the commands of 100 nodes replaces by a virtual one. */
function gather(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, gatherMs).unref());
}

/** A failure is reported by the next attempt. */
function ignore(): void {}
