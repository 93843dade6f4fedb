import { logFault } from '../../contain.js';
import type { Engine, EngineConnection } from './engine.js';

/** What emits events of engine.io. */
interface Emitting {
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

/**
 * Has listeners of the application throw without ending the process. Engine.io emits its events in promises that it does not watch,
 * and those of its connections when bytes arrive, at the will of clients. A connection whose listener has failed is closed.
 */
export function containListeners(engine: Engine): void {
  const emit = engine.emit.bind(engine);
  engine.emit = (event: string | symbol, ...args: unknown[]) => {
    const conn = event === 'connection' ? (args[0] as EngineConnection) : undefined;
    if (conn) {
      containEmit(conn, 'a connection', (failed) => failed !== 'close' && conn.close(true));
    }
    return emit(event, ...args);
  };
  containEmit(engine, 'engine.io', (event, conn) => {
    if (event === 'connection') {
      (conn as EngineConnection).close(true);
    }
  });
}

function containEmit(
  emitter: Emitting,
  what: string,
  onFault: (event: string | symbol, argument: unknown) => unknown,
): void {
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (event: string | symbol, ...args: unknown[]) => {
    try {
      return emit(event, ...args);
    } catch (error) {
      logFault(`a listener of "${String(event)}" of ${what}`, error);
      onFault(event, args[0]);
      return true;
    }
  };
}
