import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { WsAuthEvents } from '../events/ws-auth-events.js';
import { describe } from '../policy/check-option.js';
import type { WsAuthGauges, WsAuthTelemetry } from '../policy/telemetry.js';

const methods = ['start', 'stop', 'begin', 'attempted', 'happened'] as const;

/** @throws {WsAuthConfigurationError} for something that measures nothing. */
export function checkTelemetry(telemetry: unknown): WsAuthTelemetry | undefined {
  const given = telemetry as Partial<WsAuthTelemetry> | null | undefined;
  if (given === undefined) {
    return undefined;
  }
  if (!methods.every((method) => typeof given?.[method] === 'function')) {
    throw new WsAuthConfigurationError(
      `telemetry: expected openTelemetry() of nestjs-ws-auth/opentelemetry, got ${describe(telemetry)}`,
    );
  }
  return given as WsAuthTelemetry;
}

/** Tells telemetry what the events of the application say. */
export function wireTelemetry(
  telemetry: WsAuthTelemetry,
  events: WsAuthEvents,
  gauges: WsAuthGauges,
): void {
  events.on('reauthenticated', () => telemetry.happened('renewed'));
  events.on('expired', () => telemetry.happened('expired'));
  events.on('revoked', () => telemetry.happened('revoked'));
  telemetry.start(gauges);
}
