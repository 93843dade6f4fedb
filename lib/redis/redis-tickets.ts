import type { StoredTicket, TicketLimits } from '../store/ws-auth-store.js';
import { dropTicketsScript, putTicketScript } from './redis-scripts.js';
import { textOf } from './redis-stream.js';

/** Tickets that one command drops, so that none takes longer than its time-out. */
const pageSize = 1_000;

/** Sends a command, and rejects unless Redis answers in time. */
type Send = (command: readonly string[]) => Promise<unknown>;

/**
 * Keeps tickets in Redis: a key for each, and two sets that count them, of their user and of all.
 *
 * Redis demands that a script names every key that it touches before it runs. Which tickets make room for a new one, and whose they
 * are, is known only afterwards, so a second command forgets them. The sets hold both names of each ticket, and no key.
 */
export class RedisTickets {
  constructor(
    private readonly keyOf: (kind: string, id: string) => string,
    private readonly send: Send,
  ) {}

  async put(ticket: StoredTicket, limits: TicketLimits): Promise<void> {
    const { digest, userId, payload, ttlMs } = ticket;
    const keys = [this.#ticketKey(digest), this.keyOf('tickets-of', userId), this.#allKey];
    const member = `${digest} ${encoded(userId)}`;
    const value = `${encoded(userId)} ${payload}`;
    const args = [member, value, ttlMs, limits.maxPerUser, limits.maxTotal].map(String);
    const dropped = await this.send(['EVAL', putTicketScript, '3', ...keys, ...args]);
    if (Array.isArray(dropped) && dropped.length > 0) {
      await this.#drop(dropped.map((each) => textOf(each) ?? ''));
    }
  }

  /** The ticket is spent with the first command. The second one only gives its place back, which otherwise its end does. */
  async take(digest: string): Promise<string | undefined> {
    const value = textOf(await this.send(['GETDEL', this.#ticketKey(digest)]));
    const [, user, payload] = /^(\S+) ([^]*)$/.exec(value ?? '') ?? [];
    if (user === undefined) {
      return undefined;
    }
    await this.#drop([`${digest} ${user}`]).catch(ignore);
    return payload;
  }

  async #drop(members: readonly string[]): Promise<void> {
    for (let index = 0; index < members.length; index += pageSize) {
      const page = members.slice(index, index + pageSize);
      const keys = page.flatMap((member) => this.#keysOf(member));
      const count = String(keys.length + 1);
      await this.send(['EVAL', dropTicketsScript, count, this.#allKey, ...keys, ...page]);
    }
  }

  /** The ticket of a member, and the set of its user. */
  #keysOf(member: string): readonly [string, string] {
    const [digest = '', user = ''] = member.split(' ');
    return [this.#ticketKey(digest), this.keyOf('tickets-of', decoded(user))];
  }

  get #allKey(): string {
    return this.keyOf('tickets', '');
  }

  #ticketKey(digest: string): string {
    return this.keyOf('ticket', digest);
  }
}

/** No text of a user holds a space afterwards. */
function encoded(userId: string): string {
  return Buffer.from(userId).toString('base64url');
}

function decoded(user: string): string {
  return Buffer.from(user, 'base64url').toString();
}

/** A place that was not given back is free when the ticket would have ended. */
function ignore(): void {}
