import { waitingMessageBytes } from '../waiting-message-bytes.js';
import type { EngineConnection } from './internals/engine.js';

/** Packets that were handed on together. */
interface Batch {
  bytes: number;
  /** Bytes of the largest packet. */
  largest: number;
}

const nothing = (): Batch => ({ bytes: 0, largest: 0 });

/**
 * Counts what waits to be sent to one client: the bytes that the engine holds, and those that its transport is sending. Each packet takes
 * memory beside its bytes.
 */
export class Backlog {
  #waiting = nothing();
  #leaving = nothing();

  constructor(private readonly conn: EngineConnection) {}

  /** The engine has handed to the transport what waited. */
  flushed(): void {
    this.#leaving = this.#waiting;
    this.#waiting = nothing();
  }

  /**
   * Counts a packet that is about to be sent, and returns whether more than the bound waits before it. One packet may be larger than
   * the bound, and others may wait behind it.
   */
  exceeds(data: unknown, maxBytes: number): boolean {
    const leaving = this.conn.transport.writable ? nothing() : this.#leaving;
    const waiting = this.#waiting;
    const before = waiting.bytes + leaving.bytes;
    const largest = Math.max(waiting.largest, leaving.largest);
    const size = sizeOf(data) + waitingMessageBytes;
    waiting.bytes += size;
    waiting.largest = Math.max(waiting.largest, size);
    return before > maxBytes + (largest > maxBytes ? largest : 0);
  }
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') {
    return Buffer.byteLength(data);
  }
  return (data as { readonly byteLength?: number } | null | undefined)?.byteLength ?? 0;
}
