import { hash } from 'node:crypto';
import { isCountable } from '../policy/address-key.js';
import type { FailureLimiter, FailureLimiters } from '../policy/failure-limiter.js';
import { Refusal, unavailable } from '../protocol/refusal.js';

/** Whom a failure is counted against. */
export interface FailureKeys {
  readonly address: string;
  /** The account a credential names, which only HTTP Basic does. */
  readonly account: string | undefined;
}

/** Counts failed attempts, and refuses the next one before any strategy runs when there were too many. */
export class FailureLimits {
  constructor(private readonly limiters: FailureLimiters) {}

  /**
   * Refuses with 429 after too many failures. A limiter that does not answer refuses with 503: without it, guessing would
   * be unlimited.
   */
  async check(keys: FailureKeys): Promise<Refusal | undefined> {
    try {
      for (const [limiter, key] of this.#pairs(keys)) {
        const count = await limiter.get(key);
        if (count && count.consumedPoints >= limiter.points) {
          return new Refusal('ERR_WS_AUTH_TOO_MANY_ATTEMPTS', {
            retryAfterSeconds: Math.max(1, Math.ceil(count.msBeforeNext / 1_000)),
            diagnosis: { check: 'failed-attempts' },
          });
        }
      }
      return undefined;
    } catch (cause) {
      return unavailable(cause);
    }
  }

  /** Counts a failure. It does not wait: the client has its answer. */
  count(keys: FailureKeys): void {
    for (const [limiter, key] of this.#pairs(keys)) {
      consume(limiter, key);
    }
  }

  #pairs({ address, account }: FailureKeys): [FailureLimiter, string][] {
    const { perAddress, perAccount } = this.limiters;
    const pairs: [FailureLimiter, string][] = [];
    if (perAddress && isCountable(address)) {
      pairs.push([perAddress, `address:${address}`]);
    }
    if (perAccount && account !== undefined) {
      pairs.push([perAccount, `account:${nameOf(account)}`]);
    }
    return pairs;
  }
}

/** Longest name of an account that is kept as it is. Clients make names up, and each costs memory until its window is over. */
const maxNameLength = 128;

function nameOf(account: string): string {
  return account.length > maxNameLength
    ? `sha256:${hash('sha256', account, 'base64url')}`
    : Buffer.from(account).toString('base64url');
}

/** One that throws changes nothing about the refusal that is counted. */
function consume(limiter: FailureLimiter, key: string): void {
  try {
    Promise.resolve(limiter.consume(key)).catch(ignore);
  } catch {
    // The next check asks it as well, and refuses where it fails.
  }
}

/** A limiter rejects when the limit is reached, which the next check finds out. */
function ignore(): void {}
