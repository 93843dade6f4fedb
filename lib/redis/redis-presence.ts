import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import type { NodeRecord } from '../store/ws-auth-store.js';
import { putPresenceScript, readPresenceScript } from './redis-scripts.js';
import { textOf } from './redis-stream.js';

/** Nodes that one command asks for. */
const pageSize = 500;

/** Sends a command, and rejects unless Redis answers in time. */
type Send = (command: readonly string[]) => Promise<unknown>;

/** Keeps in Redis which sessions users have on which node: a hash for each node, which expires with its lease. */
export class RedisPresence {
  constructor(
    private readonly keyOf: (kind: string, id: string) => string,
    private readonly send: Send,
  ) {}

  async put(
    node: string,
    records: ReadonlyMap<string, string | undefined>,
    leaseMs: number,
  ): Promise<boolean> {
    const keys = [this.#nodesKey, this.#recordsKey(node)];
    const pairs = [...records].flatMap(([userId, record = '']) => [fieldOf(userId), record]);
    const args = [node, String(leaseMs), ...pairs];
    return (await this.send(['EVAL', putPresenceScript, '2', ...keys, ...args])) === 1;
  }

  async of(userId: string): Promise<readonly NodeRecord[]> {
    const nodes = textsIn(await this.send(['ZRANGE', this.#nodesKey, '0', '-1']));
    const found: NodeRecord[] = [];
    for (let index = 0; index < nodes.length; index += pageSize) {
      const page = nodes.slice(index, index + pageSize);
      const keys = page.map((node) => this.#recordsKey(node));
      const command = ['EVAL', readPresenceScript, String(keys.length), ...keys, fieldOf(userId)];
      const records = textsIn(await this.send(command));
      found.push(...page.map((node, at) => ({ node, record: records[at] ?? '' })));
    }
    return found.filter(({ record }) => record !== '');
  }

  async end(node: string): Promise<void> {
    await this.send(['ZREM', this.#nodesKey, node]);
    await this.send(['DEL', this.#recordsKey(node)]);
  }

  get #nodesKey(): string {
    return this.keyOf('nodes', '');
  }

  #recordsKey(node: string): string {
    return this.keyOf('presence', node);
  }
}

/** Never empty, which is the field of the node itself. */
function fieldOf(userId: string): string {
  return `user:${userId}`;
}

function textsIn(reply: unknown): string[] {
  if (!Array.isArray(reply)) {
    throw new WsAuthStoreError('redis answered something else than a list');
  }
  return reply.map((each) => textOf(each) ?? '');
}
