import type { NodeRedisClient } from '../../../lib/redis.js';
import * as scripts from '../../../lib/redis/redis-scripts.js';
import type { VirtualTime } from '../simulation/virtual-time.js';

type Entry = readonly [id: string, fields: readonly [string, string]];

/** What a command is for, by its script, or by its name. */
const names = new Map<string, string>(Object.entries(scripts).map(([name, text]) => [text, name]));

/**
 * A Redis that answers after a time, on a virtual clock, and counts its commands. It knows the stream, and answers for the rest what
 * is answered where nothing is revoked and nothing is full.
 */
export class CountingRedis {
  readonly counts = new Map<string, number>();
  readonly #entries: Entry[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly time: VirtualTime,
    private readonly latencyMs: number,
  ) {}

  /** Adds what another node has published. */
  append(json: string): void {
    const id = `${this.time.wallClock}-${this.#entries.length}`;
    this.#entries.push([id, ['revocation', json]]);
    [...this.#waiting].forEach((wake) => wake());
  }

  client(): NodeRedisClient {
    const made = {
      isReady: true,
      sendCommand: (command: string[]) => this.#send(command),
      duplicate: () => this.client() as never,
      connect: () => Promise.resolve(),
      destroy: () => undefined,
      on: () => undefined,
    };
    return made;
  }

  async #send(command: readonly string[]): Promise<unknown> {
    const [name = '', script = ''] = command;
    const what = name === 'EVAL' ? names.get(script)! : name;
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    await new Promise<void>((resolve) => setTimeout(resolve, this.latencyMs));
    return name === 'XREAD'
      ? this.#newEntry(command.at(-1)!, Number(command[2]))
      : this.#reply(what, command);
  }

  #reply(what: string, command: readonly string[]): unknown {
    const keys = Number(command[2]);
    switch (what) {
      case 'XREVRANGE':
        return this.#entries.slice(-1);
      case 'readStreamScript': {
        const [cursor, , count] = command.slice(3 + keys) as [string, string, string];
        return [String(this.time.wallClock), this.#after(cursor).slice(0, Number(count)), ''];
      }
      case 'readRevocationsScript':
        return Array.from({ length: keys - 2 }, () => null);
      case 'addRevocationScript':
        this.append(command[3 + keys + 2]!);
        return 1;
      case 'readClockScript':
        return String(this.time.wallClock);
      case 'claimLeaseScript':
        return [];
      case 'INFO':
        return 'redis_version:7.0.0\r\nmaxmemory_policy:noeviction\r\nrole:master\r\n';
      default:
        return 1;
    }
  }

  #after(cursor: string): readonly Entry[] {
    const at = this.#entries.findLastIndex(([id]) => id === cursor);
    return this.#entries.slice(at + 1);
  }

  async #newEntry(last: string, blockMs: number): Promise<unknown> {
    if (this.#entries.at(-1)?.[0] === last || this.#entries.length === 0) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(wake, blockMs);
        this.#waiting.add(wake);
      });
    }
    return this.#entries.slice(-1);
  }
}
