import { logFault } from '../../contain.js';
import type { Engine, EngineConnection } from './engine.js';

/**
 * Has listeners of the application throw without ending the process. Engine.io emits its events in promises that it does not watch,
 * at the will of clients. A connection whose listener has failed is closed.
 */
export function containListeners(engine: Engine): void {
  const emit = engine.emit.bind(engine);
  engine.emit = (event: string | symbol, ...args: unknown[]) => {
    try {
      return emit(event, ...args);
    } catch (error) {
      logFault(`a listener of "${String(event)}" of engine.io`, error);
      if (event === 'connection') {
        (args[0] as EngineConnection).close(true);
      }
      return true;
    }
  };
}
