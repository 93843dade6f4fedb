import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { LiveSessions } from '../sessions/live-sessions.js';
import type { WsAuthSession } from '../sessions/session.js';
import { inTime } from '../store/in-time.js';
import { knownAnswer, recordsAnswer } from '../store/store-answers.js';
import type { NodeRecord, WsAuthStore } from '../store/ws-auth-store.js';
import {
  loadRecordOf,
  parseLoad,
  parsePresence,
  presenceOf,
  type NodeLoad,
  type NodePresence,
} from './presence-record.js';

/** Methods of a store that knows which sessions users have on which node. */
export type PresenceStore = Required<
  Pick<WsAuthStore, 'putPresence' | 'presenceOf' | 'endPresence'>
>;

/** What presence needs of this node. */
export interface PresenceOptions {
  readonly store: PresenceStore;
  readonly sessions: LiveSessions;
  /** Name of this node. */
  readonly node: string;
  /** Time in milliseconds after which the sessions of a node that has died disappear. */
  readonly leaseMs: number;
  /** Whether this node receives new clients. */
  readonly isAccepting: () => boolean;
}

/**
 * @throws {WsAuthConfigurationError} for a store that knows nothing of presence.
 */
export function presenceStoreOf(store: WsAuthStore): PresenceStore {
  if (!store.putPresence || !store.presenceOf || !store.endPresence) {
    throw new WsAuthConfigurationError(
      'presence: the store has no putPresence(), presenceOf() and endPresence(); remove the option, or use redisWsAuthStore(client)',
    );
  }
  return store as PresenceStore;
}

/** A name that no other process has, and that operators recognise. */
export function nodeName(): string {
  return `${hostname()}-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Time in milliseconds for which changes are gathered, so that a mass reconnect writes once and not once for each session. */
const gatherMs = 100;

/** Time in milliseconds after which a node publishes anew whether it receives clients, if that has changed. */
const readinessMs = 1_000;

/** Where a node publishes its own load. No user has this key. */
const ownKey = '';

/** Users in one request. */
const pageSize = 500;

/**
 * Publishes which sessions the users have on this node: not what has changed, but what is, so that requests that are lost or
 * repeated do no harm.
 *
 * The store forgets all that a node has published unless the node renews it. A store that has lost its data receives all of it
 * again, and so does one whose answer was lost: it may have lost its data before, and would know the node by that publication.
 */
export class Presence {
  /** Users whose sessions have changed since they were published. */
  readonly #changed = new Set<string>();
  #publishing: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #renewal: NodeJS.Timeout;
  readonly #readiness: NodeJS.Timeout;
  /** What the others know; `undefined` before the first publication, and after one that has failed. */
  #wasAccepting: boolean | undefined;
  /** Whether the store may lack users that have not changed: it has carried out a publication whose answer was lost. */
  #mayLack = false;
  #hasStarted = false;
  #stopped = false;

  constructor(private readonly options: PresenceOptions) {
    options.sessions.onChange((userId) => this.#note(userId));
    this.#renewal = setInterval(() => void this.#publish(), Math.ceil(options.leaseMs / 4));
    this.#renewal.unref();
    this.#readiness = setInterval(() => this.#noteReadiness(), readinessMs);
    this.#readiness.unref();
  }

  /**
   * The sessions of a user on all nodes.
   *
   * @throws {WsAuthStoreError} if the store does not answer.
   */
  async of(userId: string): Promise<readonly NodePresence[]> {
    const records = await this.#read(userId);
    return records.flatMap(({ node, record }) => parsePresence(node, record) ?? []);
  }

  /** Name of this node. */
  get node(): string {
    return this.options.node;
  }

  /**
   * The loads of the other nodes, as they have published them.
   *
   * @throws {WsAuthStoreError} if the store does not answer.
   */
  async otherLoads(): Promise<readonly NodeLoad[]> {
    const records = await this.#read(ownKey);
    return records
      .filter(({ node }) => node !== this.options.node)
      .flatMap(({ node, record }) => parseLoad(node, record) ?? []);
  }

  /** Publishes this node soon, so that the others know it before it has a session. */
  start(): void {
    this.#hasStarted = true;
    this.#schedule();
  }

  /** Ends the renewals, and has the store forget this node. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#renewal);
    clearInterval(this.#readiness);
    clearTimeout(this.#timer);
    await this.#publishing;
    await this.options.store.endPresence(this.options.node).catch(ignore);
  }

  #note(userId: string | undefined): void {
    this.#changed.add(userId ?? ownKey);
    this.#schedule();
  }

  #noteReadiness(): void {
    if (this.#hasStarted && this.#wasAccepting !== this.options.isAccepting()) {
      this.#schedule();
    }
  }

  #schedule(): void {
    if (!this.#timer && !this.#stopped) {
      this.#timer = setTimeout(() => void this.#publish(), gatherMs);
      this.#timer.unref();
    }
  }

  async #publish(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#publishing || this.#stopped) {
      return;
    }
    this.#publishing = this.#publishChanges();
    const hasSucceeded = await this.#publishing;
    this.#publishing = undefined;
    const [next] = this.#changed;
    if (next !== undefined && hasSucceeded) {
      this.#note(next);
    }
  }

  /** Returns whether the store has answered. What it has not received is published a second later. */
  async #publishChanges(): Promise<boolean> {
    const wasAccepting = this.options.isAccepting();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (let index = 0; index === 0 || index < changed.length; index += pageSize) {
      const page = changed.slice(index, index + pageSize);
      const records = new Map([ownKey, ...page].map((key) => [key, this.#recordOf(key)]));
      const isKnown = await this.#put(records).catch(() => undefined);
      this.#wasAccepting = isKnown === undefined ? undefined : wasAccepting;
      if (isKnown === undefined) {
        changed.slice(index).forEach((userId) => this.#changed.add(userId));
        this.#mayLack = true;
        return false;
      }
      if (!isKnown || this.#mayLack) {
        this.#mayLack = false;
        this.#noteOthers(records);
      }
    }
    return true;
  }

  /** A publication that never ended would be the last one. */
  async #put(records: ReadonlyMap<string, string | undefined>): Promise<boolean> {
    const { store, node, leaseMs } = this.options;
    return knownAnswer(await inTime(store.putPresence(node, records, leaseMs)));
  }

  async #read(key: string): Promise<readonly NodeRecord[]> {
    return recordsAnswer(await inTime(this.options.store.presenceOf(key)));
  }

  /** Has all users published but those that the store has just received. */
  #noteOthers(received: ReadonlyMap<string, unknown>): void {
    for (const { session } of this.options.sessions.all()) {
      if (session.userId !== undefined && !received.has(session.userId)) {
        this.#changed.add(session.userId);
      }
    }
  }

  #recordOf(userId: string): string | undefined {
    if (userId === ownKey) {
      const isAccepting = this.options.isAccepting();
      return loadRecordOf({ sessions: this.options.sessions.staying, isAccepting });
    }
    const sessions: WsAuthSession[] = this.options.sessions
      .ofUser(userId)
      .map(({ session }) => session);
    return sessions.length === 0 ? undefined : presenceOf(sessions);
  }
}

/** The store forgets a node by itself that does not renew. */
function ignore(): void {}
