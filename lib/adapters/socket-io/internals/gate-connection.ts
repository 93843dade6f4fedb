import type { AsyncResource } from 'node:async_hooks';
import { contain } from '../../contain.js';
import type { EngineConnection } from './engine.js';

/** Decides what passes a connection of engine.io, in both directions. */
export interface ConnectionGate {
  /** Asynchronous context in which incoming packets are handled. */
  readonly context: AsyncResource | undefined;
  /** Whether a packet of the client is decoded. A gate that returns false has handled it. */
  admits(data: unknown): boolean;
  /** Whether listeners of raw packets may see one: never one with a credential. */
  shows(data: unknown): boolean;
  /** Whether a packet of the application may be sent now. A gate that returns false has dealt with it. */
  sends(data: unknown): boolean;
  /** What waited has been handed to the transport. */
  flushed(): void;
  /** The connection has closed; called before every listener. */
  closing(reason: unknown): void;
}

/**
 * Puts a gate in front of a connection. All packets of all namespaces pass `emit('data')` on their way in and
 * `sendPacket('message')` on their way out, broadcasts of other nodes included.
 */
export function gateConnection(conn: EngineConnection, gate: ConnectionGate): void {
  const emit = conn.emit.bind(conn);
  const sendPacket = conn.sendPacket.bind(conn);
  conn.emit = (event, ...args) => {
    switch (event) {
      case 'data':
        return !gate.admits(args[0]) || inContext(gate, () => emit(event, ...args));
      case 'message':
        return !gate.shows(args[0]) || emit(event, ...args);
      case 'packet':
        return !gate.shows((args[0] as { data?: unknown }).data) || emit(event, ...args);
      case 'flush':
        gate.flushed();
        break;
      case 'close':
        gate.closing(args[0]);
        // Timers close connections as well: an exception there would end the process.
        contain('a listener of "disconnect"', () => void emit(event, ...args));
        return true;
    }
    return emit(event, ...args);
  };
  conn.sendPacket = (type, ...args) => {
    if (type !== 'message' || gate.sends(args[0])) {
      sendPacket(type, ...args);
    }
  };
}

function inContext({ context }: ConnectionGate, run: () => boolean): boolean {
  return context ? context.runInAsyncScope(run) : run();
}
