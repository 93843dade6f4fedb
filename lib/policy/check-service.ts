import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { WsAuthStore } from '../store/ws-auth-store.js';
import { describe, maxTimerMs } from './check-option.js';
import { checkOptions, type RowsOf } from './check-options.js';
import type { FailureLimiter } from './failure-limiter.js';
import { integer, required } from './option-rows.js';
import type { FailedAttemptOptions, FailureLimit } from './options.js';
import type { WsAuthPlatform } from './platform.js';
import type { WsAuthTelemetry } from './telemetry.js';

const storeMethods = [
  'putTicket',
  'takeTicket',
  'addRevocation',
  'isRevoked',
  'revocationsSince',
  'claimLease',
  'renewLeases',
  'releaseLease',
  'watch',
] as const satisfies readonly (keyof WsAuthStore)[];

const telemetryMethods = [
  'start',
  'stop',
  'begin',
  'attempted',
  'happened',
] as const satisfies readonly (keyof WsAuthTelemetry)[];

/** Catches passing the Redis client itself instead of `redisWsAuthStore(client)`. */
export function checkStore(name: string, value: unknown): WsAuthStore {
  if (!hasMethods<WsAuthStore>(value, storeMethods)) {
    throw new WsAuthConfigurationError(
      `${name}: expected a store such as redisWsAuthStore(client) of nestjs-ws-auth/redis`,
    );
  }
  return value;
}

export function checkTelemetry(name: string, value: unknown): WsAuthTelemetry {
  if (!hasMethods<WsAuthTelemetry>(value, telemetryMethods)) {
    throw new WsAuthConfigurationError(
      `${name}: expected openTelemetry() of nestjs-ws-auth/opentelemetry, got ${describe(value)}`,
    );
  }
  return value;
}

const platformMethods = [
  'createAdapter',
  'isAdapter',
  'failClient',
  'refuseClient',
  'emitTo',
  'holdClient',
  'onClosed',
];

/** Catches passing an adapter, or the function without calling it. */
export function checkPlatform(name: string, value: unknown): WsAuthPlatform {
  if (!hasMethods<WsAuthPlatform & Record<string, unknown>>(value, platformMethods)) {
    throw new WsAuthConfigurationError(
      `${name}: expected ws() of nestjs-ws-auth/ws or socketIo() of nestjs-ws-auth/socket.io, got ${describe(value)}`,
    );
  }
  return value;
}

/** Options of a limit that is counted in memory. */
export const failureLimitOptions = {
  points: required(integer(1, { min: 1 })),
  windowMs: required(integer(60_000, { min: 1_000, max: maxTimerMs })),
} satisfies RowsOf<FailureLimit>;

/** A limiter of `rate-limiter-flexible`, or both numbers of a limit. */
export function checkLimiter(name: string, value: unknown): FailureLimit | FailureLimiter {
  if (!hasMethods<FailureLimiter>(value, ['consume', 'get'])) {
    return checkOptions(failureLimitOptions, value, name);
  }
  failureLimitOptions.points.check(`${name}.points`, value.points);
  return value;
}

/** Refuses `failedAttempts` without a limit: no attempt would be counted. */
export function demandLimit(name: string, { perAddress, perAccount }: FailedAttemptOptions): void {
  if (perAddress === undefined && perAccount === undefined) {
    throw new WsAuthConfigurationError(`${name}: no limit is given; pass perAddress or perAccount`);
  }
}

function hasMethods<Service extends object>(
  value: unknown,
  methods: readonly (keyof Service)[],
): value is Service {
  const service = value as Partial<Service> | null | undefined;
  return methods.every((method) => typeof service?.[method] === 'function');
}
