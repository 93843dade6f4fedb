import { checkBound, checkInteger, maxTimerMs } from './check-option.js';
import type { WsAuthModuleOptions } from './options.js';

type NumericField =
  | 'authTimeoutMs'
  | 'maxQueuedMessages'
  | 'maxQueuedBytes'
  | 'shutdownTimeoutMs'
  | 'expiryWarningMs'
  | 'maxReauthenticationsPerMinute'
  | 'heartbeatIntervalMs';

type BoundField = 'maxSessionAgeMs' | 'maxSessionsPerUser' | 'maxBufferedBytes';

/** Default and bounds of the options that are whole numbers. */
const numbers: Readonly<Record<NumericField, { default: number; min: number; max?: number }>> = {
  authTimeoutMs: { default: 5_000, min: 1, max: maxTimerMs },
  maxQueuedMessages: { default: 64, min: 0 },
  maxQueuedBytes: { default: 65_536, min: 0 },
  shutdownTimeoutMs: { default: 5_000, min: 0, max: maxTimerMs },
  expiryWarningMs: { default: 30_000, min: 0 },
  maxReauthenticationsPerMinute: { default: 30, min: 1 },
  heartbeatIntervalMs: { default: 30_000, min: 0, max: maxTimerMs },
};

/** Default of the options that may be `Infinity`; each is at least 1. */
const bounds: Readonly<Record<BoundField, number>> = {
  maxSessionAgeMs: Number.POSITIVE_INFINITY,
  maxSessionsPerUser: Number.POSITIVE_INFINITY,
  maxBufferedBytes: 16_777_216,
};

/** @throws {WsAuthConfigurationError} for a number out of bounds. */
export function checkNumbers(options: WsAuthModuleOptions) {
  const checked: Record<string, number> = {};
  for (const [name, { default: byDefault, ...range }] of Object.entries(numbers)) {
    checked[name] = checkInteger(name, options[name as NumericField] ?? byDefault, range);
  }
  for (const [name, byDefault] of Object.entries(bounds)) {
    checked[name] = checkBound(name, options[name as BoundField] ?? byDefault, 1);
  }
  const maxCredentialBytes = options.maxCredentialBytes ?? 8_192;
  return {
    ...(checked as Record<NumericField | BoundField, number>),
    limits: Object.freeze({
      maxCredentialBytes: checkInteger('maxCredentialBytes', maxCredentialBytes, { min: 16 }),
    }),
  };
}

/** Bounds that hold for the whole application, across policies. */
export function checkPendingLimits(options: WsAuthModuleOptions) {
  const { maxPending = 4_096, maxPendingPerAddress = 512 } = options;
  return {
    maxPending: checkInteger('maxPending', maxPending, { min: 1 }),
    maxPendingPerAddress: checkInteger('maxPendingPerAddress', maxPendingPerAddress, { min: 1 }),
  };
}
