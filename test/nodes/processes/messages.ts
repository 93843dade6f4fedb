import type { WsAuthModuleOptions } from '../../../lib/index.js';
import type { RedisStoreOptions } from '../../../lib/redis.js';
import type { RedisPackage } from '../redis-clients.js';

/** How a node runs: what JSON can express. */
export interface NodeSettings extends Pick<
  WsAuthModuleOptions,
  | 'maxStalenessMs'
  | 'onStoreLoss'
  | 'authTimeoutMs'
  | 'sessionLimitScope'
  | 'maxSessionsPerUser'
  | 'presence'
  | 'drainMs'
  | 'trustProxy'
  | 'heartbeatIntervalMs'
> {
  /** Of its Redis. */
  readonly url: string;
  /** @default 'redis' */
  readonly package?: RedisPackage;
  readonly redis?: RedisStoreOptions;
  /** @default one that the system chooses */
  readonly port?: number;
}

/** What a node does when it is asked to. */
export interface NodeCommands {
  /** Revokes a user, and returns how many sockets of this node it closed. */
  revoke(userId: string): Promise<number>;
  /** Issues a ticket that stands for a user. */
  issueTicket(userId: string): Promise<string>;
  /** Whether the node reports that it can accept clients. */
  isReady(): Promise<boolean>;
  /** Has the node rebalance over so many milliseconds, and returns how many sessions have left. */
  rebalance(overMs: string): Promise<number>;
  /** Sessions of the node. */
  countSessions(): Promise<number>;
  /** Most sessions that have begun within one second since the node was asked before. */
  takePeak(): Promise<number>;
  /** Has the node measure for how long its event loop is busy. */
  watchStalls(): Promise<void>;
  /** Longest time in milliseconds since then. */
  longestStall(): Promise<number>;
}

/** What a command takes, in a tuple. */
export type ArgumentsOf<Name extends keyof NodeCommands> = Parameters<NodeCommands[Name]>;

/** What a command returns. */
export type ResultOf<Name extends keyof NodeCommands> = Awaited<ReturnType<NodeCommands[Name]>>;

/** From the parent to a node. */
export interface Question {
  readonly id: number;
  readonly command: keyof NodeCommands;
  readonly argument: string;
}

/** From the parent to a node that it needs no more: the node closes its end of the channel, its application, and ends. */
export const farewell = 'farewell';

/** Events that a node reports to its parent. */
export const toldEvents = ['authenticating', 'authenticated', 'refused', 'revoked'] as const;

export type ToldEvent = (typeof toldEvents)[number];

/** From a node to its parent. */
export type Report =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: string }
  | { readonly type: 'event'; readonly name: ToldEvent }
  /** An uncaught error, or a warning of Node.js: it is what a test must not see. */
  | { readonly type: 'fault'; readonly text: string };
