import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { RowsOf } from '../policy/check-options.js';
import { custom, integer } from '../policy/option-rows.js';

/** Options of `redisWsAuthStore()`. */
export interface RedisStoreOptions {
  /**
   * Prefix of all keys. Applications that share one Redis give each its own.
   *
   * @default 'ws-auth'
   */
  readonly keyPrefix?: string;
  /**
   * Time in milliseconds after which a command counts as failed, from 10 to 60,000.
   *
   * @default 1_000
   */
  readonly commandTimeoutMs?: number;
}

/** The table of these options. */
export const storeOptions = {
  keyPrefix: custom(checkKeyPrefix, 'ws-auth'),
  commandTimeoutMs: integer(1_000, { min: 10, max: 60_000 }),
} satisfies RowsOf<RedisStoreOptions>;

function checkKeyPrefix(name: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[\w.:-]+$/.test(value)) {
    throw new WsAuthConfigurationError(`${name}: expected letters, digits, and any of _ . : -`);
  }
  return value;
}
