import type { WsAuthEvents } from '../events/ws-auth-events.js';
import type { WsAuthGauges, WsAuthTelemetry } from '../policy/telemetry.js';

/** Forwards the events of the application to telemetry. */
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
