import { setTimeout } from 'node:timers/promises';
import type { TestClient } from '../../support/client.js';
import { patient } from '../../support/patience.js';
import { RedisServer } from '../../support/redis.js';
import { tokenOf } from '../../support/tokens.js';
import { startNode, type NodeOptions, type TestNode } from '../node.js';

/** What was seen while a fault lasted. */
export interface Seen {
  readonly text: string;
  /** Whether a revoked session was served, or a revoked token accepted, beyond what is promised. */
  readonly isServedBeyond: boolean;
  /** Whether everything that is promised has held. */
  readonly holds: boolean;
}

/** A row of the table of faults. */
export interface Fault {
  readonly name: string;
  readonly promise: string;
  run(stage: Stage): Promise<Seen>;
}

/** Short, so that a fault that lasts longer fits into a test. */
export const maxStalenessMs = patient(2_000);

/** `npm run faults` runs the long version, with the bounds that are promised. The short one leaves room for a busy machine. */
export const isLong = process.env['FAULTS'] === 'long';

/** What a revoked session on another node is closed within. */
export const promptMs = patient(isLong ? 1_000 : 10_000);

/** The servers and nodes of one fault. All of them end with it. */
export class Stage implements AsyncDisposable {
  readonly #resources: AsyncDisposable[] = [];

  keep<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.#resources.push(resource);
    return resource;
  }

  async redis(options: Parameters<typeof RedisServer.start>[0] = {}): Promise<RedisServer> {
    return this.keep(await RedisServer.start(options));
  }

  async node(url: string, options: NodeOptions = {}): Promise<TestNode> {
    const redis = { commandTimeoutMs: patient(1_000) };
    return this.keep(await startNode(url, { maxStalenessMs, redis, ...options }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#resources.toReversed()) {
      await each[Symbol.asyncDispose]();
    }
  }
}

/** One token for each user, issued before anything happens: one that is issued after a revocation is not revoked. */
export const tokens = {
  mallory: tokenOf('mallory'),
  before: tokenOf('before'),
  alice: tokenOf('alice'),
} as const;

/** What became of a session from an instant on. */
export interface Life {
  /** Answers that it has received. */
  readonly served: number;
  /** Milliseconds until its socket was closed; infinite if it stayed open. */
  readonly endedMs: number;
  readonly code: number | undefined;
}

/** Milliseconds between an answer and the next message. Without it, the client and its node take a core from the tests beside them. */
const rhythmMs = 5;

/** Has a client send one message after the other until its session ends, for three times as long as it may last. */
export async function lifeOf(client: TestClient, boundMs: number): Promise<Life> {
  const beganAt = performance.now();
  let served = 0;
  const closed = client.closed().then(({ code }) => code);
  for (;;) {
    const answered = client.ask('echo', served).then(
      () => undefined,
      () => closed,
    );
    const code = await Promise.race([answered, closed]);
    const elapsedMs = performance.now() - beganAt;
    if (code !== undefined) {
      return { served, endedMs: Math.round(elapsedMs), code };
    }
    if (elapsedMs > 3 * boundMs) {
      return { served, endedMs: Number.POSITIVE_INFINITY, code: undefined };
    }
    served += 1;
    await setTimeout(rhythmMs);
  }
}

/** The row of a revoked session that had to end within a bound, and of what else was promised. */
export function judged(
  { served, endedMs, code }: Life,
  boundMs: number,
  others: readonly (readonly [text: string, holds: boolean])[] = [],
): Seen {
  const isServedBeyond = endedMs > boundMs;
  const told = Number.isFinite(endedMs)
    ? `ended with ${code} after ${endedMs} ms, ${served} messages answered`
    : `open after ${3 * boundMs} ms`;
  return {
    text: [told, ...others.map(([text]) => text)].join('; '),
    isServedBeyond,
    holds: !isServedBeyond && others.every(([, holds]) => holds),
  };
}
