import { WsAuthEvents, type WsAuthEventMap } from '../../lib/index.js';
import type { TestApp } from './app.js';

/** Names of all events of `WsAuthEvents`. */
export const eventNames = [
  'authenticating',
  'authenticated',
  'refused',
  'reauthenticated',
  'expiring',
  'expired',
  'revoked',
  'disconnected',
] as const satisfies readonly (keyof WsAuthEventMap)[];

/** An event that an application emitted. */
export type EmittedEvent = readonly [name: string, payload: object];

/** Records every event of an application, in order. */
export function recordEvents(app: TestApp): EmittedEvent[] {
  const events: EmittedEvent[] = [];
  for (const name of eventNames) {
    app.nest
      .get(WsAuthEvents, { strict: false })
      .on(name, (payload) => events.push([name, payload]));
  }
  return events;
}
