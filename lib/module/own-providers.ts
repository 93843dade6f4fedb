import type { Provider } from '@nestjs/common';
import { WsAuthHealth } from '../cluster/ws-auth-health.service.js';
import { WsAuthEvents } from '../events/ws-auth-events.js';

/** The events as the module itself emits them. */
export const WS_AUTH_OWN_EVENTS = Symbol('WS_AUTH_OWN_EVENTS');
/** The readiness as the module itself changes it. */
export const WS_AUTH_OWN_HEALTH = Symbol('WS_AUTH_OWN_HEALTH');

/**
 * What the module shares with the application, under a token of its own and under the class that the application injects: a test
 * that replaces the class by a mock with `overrideProvider()` does not replace what protects the gateways.
 */
export const ownProviders: readonly Provider[] = [
  { provide: WS_AUTH_OWN_EVENTS, useFactory: () => new WsAuthEvents() },
  { provide: WsAuthEvents, useExisting: WS_AUTH_OWN_EVENTS },
  { provide: WS_AUTH_OWN_HEALTH, useFactory: () => new WsAuthHealth() },
  { provide: WsAuthHealth, useExisting: WS_AUTH_OWN_HEALTH },
];
