import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkLimiter } from './check-service.js';
import type { FailedAttemptOptions, FailureLimit } from './options.js';

/** How many attempts of one key have failed, as a limiter has counted them. */
export interface FailureCount {
  /** Failed attempts so far. */
  readonly consumedPoints: number;
  /** Time in milliseconds until they are forgotten. */
  readonly msBeforeNext: number;
}

/** The part of a `rate-limiter-flexible` limiter that is used, in memory or in Redis. */
export interface FailureLimiter {
  /** Failed attempts that are allowed. */
  readonly points: number;
  /** How many attempts of a key have failed; `null` if none has. */
  get(key: string): Promise<FailureCount | null>;
  /** Counts one more failed attempt; rejects, harmlessly, when that is too many. */
  consume(key: string, points?: number): Promise<unknown>;
}

/** The limiters of an application, each optional. */
export interface FailureLimiters {
  readonly perAddress: FailureLimiter | undefined;
  readonly perAccount: FailureLimiter | undefined;
}

interface RateLimiterModule {
  readonly RateLimiterMemory: new (options: {
    readonly points: number;
    readonly duration: number;
  }) => FailureLimiter;
}

/**
 * Makes the limiters of `failedAttempts`. This file alone knows `rate-limiter-flexible`, and only once a limit is given as
 * a number.
 *
 * @throws {WsAuthConfigurationError} for a bad number, or without the package.
 */
export function failureLimiters(options: FailedAttemptOptions): FailureLimiters {
  return {
    perAddress: limiterOf('failedAttempts.perAddress', options.perAddress),
    perAccount: limiterOf('failedAttempts.perAccount', options.perAccount),
  };
}

function limiterOf(
  option: string,
  limit: FailureLimit | FailureLimiter | undefined,
): FailureLimiter | undefined {
  const checked = limit && checkLimiter(option, limit);
  if (checked === undefined || 'consume' in checked) {
    return checked;
  }
  const { points, windowMs } = checked;
  const { RateLimiterMemory } = loadPackage(option);
  return new RateLimiterMemory({ points, duration: windowMs / 1_000 });
}

function loadPackage(option: string): RateLimiterModule {
  let cause: unknown;
  for (const base of applicationFiles()) {
    try {
      return createRequire(base)('rate-limiter-flexible') as RateLimiterModule;
    } catch (error) {
      cause = error;
    }
  }
  throw new WsAuthConfigurationError(
    `${option}: counting needs a package that is not installed; run npm install rate-limiter-flexible`,
    { cause },
  );
}

/**
 * Files that belong to the application, which installs the package: the script that Node runs, and one in the working directory.
 *
 * `import.meta.url` would do, but Jest runs this package as CommonJS, where it is a syntax error.
 */
function applicationFiles(): string[] {
  return [...process.argv.slice(1, 2), 'package.json'].map((file) => resolve(file));
}
