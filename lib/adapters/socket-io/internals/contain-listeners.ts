import type { EventEmitter } from 'node:events';
import { captureRejectionsWith } from '../../capture-rejections.js';
import { logFault } from '../../contain.js';
import type { Engine, EngineConnection } from './engine.js';

/**
 * Has listeners of the application throw and reject without ending the process. Engine.io emits its events in promises that it does
 * not watch, and those of its connections when bytes arrive, at the will of clients. A connection whose listener has failed is closed.
 */
export function containListeners(engine: Engine): void {
  containEmitter(engine, 'engine.io', (event, conn) => {
    if (event === 'connection') {
      (conn as EngineConnection).close(true);
    }
  });
  const emit = engine.emit.bind(engine);
  engine.emit = (event: string | symbol, ...args: unknown[]) => {
    const conn = event === 'connection' ? (args[0] as EngineConnection) : undefined;
    if (conn) {
      containEmitter(conn, 'a connection', (failed) => failed !== 'close' && conn.close(true));
    }
    return emit(event, ...args);
  };
}

/**
 * Has listeners of an emitter throw and reject without ending the process, or what emits.
 *
 * @param what names the emitter in the log line
 * @param onFault called with the event and its first argument
 */
export function containEmitter(
  emitter: EventEmitter,
  what: string,
  onFault: (event: string | symbol, argument: unknown) => unknown,
): void {
  const blame = (error: unknown, event: string | symbol, argument: unknown) => {
    logFault(`a listener of "${String(event)}" of ${what}`, error);
    onFault(event, argument);
  };
  captureRejectionsWith(emitter, blame);
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (event: string | symbol, ...args: unknown[]) => {
    try {
      return emit(event, ...args);
    } catch (error) {
      blame(error, event, args[0]);
      return true;
    }
  };
}
