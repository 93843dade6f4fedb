import { holdsWhatItAnnounces, readsMessagePack } from '../message-pack.js';
import type { Engine, EngineConnection } from './engine.js';
import { closeNow } from './end-connection.js';

/**
 * Closes connections whose packet in MessagePack announces more than it holds, before the parser of the application decodes it. So does
 * Socket.IO where a packet cannot be decoded.
 */
export function dropUnsound(engine: Engine, parser: unknown): void {
  if (!readsMessagePack(parser)) {
    return;
  }
  engine.on('connection', (conn: EngineConnection) => {
    const emit = conn.emit.bind(conn);
    conn.emit = (event, ...args) => {
      if (event !== 'data' || holdsWhatItAnnounces(args[0])) {
        return emit(event, ...args);
      }
      closeNow(conn);
      return true;
    };
  });
}
