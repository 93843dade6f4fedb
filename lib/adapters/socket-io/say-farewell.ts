import { contain } from '../contain.js';
import type { Farewell } from './endings.js';
import type { EngineConnection } from './internals/engine.js';
import { membersOf } from './internals/socket-members.js';
import type { SocketGate } from './socket-gate.js';

/** A connection whose session has ended. */
interface Leaving {
  readonly conn: EngineConnection;
  readonly gates: readonly SocketGate[];
}

/**
 * Informs the clients of a connection of its end, and closes it. DISCONNECT packets hold no data, so an event comes first. Official
 * clients connect again by themselves after the connection has closed, and not after they were disconnected.
 */
export function sayFarewell({ conn, gates }: Leaving, farewell: Farewell, event: string): void {
  const { code, reason, action } = farewell;
  for (const gate of gates) {
    gate.restore();
    contain('a listener of outgoing events', () => informClient(gate, { code, reason }, event));
  }
  const connected = gates.find(({ socket }) => socket.connected);
  if (connected && action !== 'backOff') {
    contain('a listener of "disconnect"', () => void connected.socket.disconnect(true));
  }
  conn.close();
}

/** One that was on its way into its namespace is refused. */
function informClient(
  { socket }: SocketGate,
  data: { readonly code: number; readonly reason: string },
  event: string,
): void {
  if (socket.connected) {
    socket.emit(event, data);
  } else {
    membersOf(socket)._error({ message: data.reason, data });
  }
}
