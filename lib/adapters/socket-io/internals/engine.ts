import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What carries the packets of a connection at present: polling, or a WebSocket. */
export interface EngineTransport extends EventEmitter {
  readonly name: string;
  /** Whether the last packets have left. */
  readonly writable: boolean;
  /** Bytes of one request, in polling of engine.io before 6.6.13. */
  maxHttpBufferSize?: unknown;
  /** The same since engine.io 6.6.13. */
  opts?: { readonly maxHttpBufferSize?: unknown };
  /** The socket of `ws`, or of a `wsEngine` of the application. */
  readonly socket?: {
    _receiver?: { _maxPayload?: unknown } | null;
    _extensions?: { readonly 'permessage-deflate'?: { _maxPayload?: unknown } };
    /** Names of the extensions in use. */
    readonly extensions?: unknown;
    readonly bufferedAmount?: number;
    readonly readyState: number;
    readonly terminate?: () => void;
    once(event: 'close', listener: () => void): unknown;
  };
  /** Polling that waits for a poll to close by: closes now. */
  shouldClose?: unknown;
  close(): unknown;
}

/** A connection of engine.io, with the members that its types leave out. */
export interface EngineConnection extends EventEmitter {
  /** The sid. */
  readonly id: string;
  /** The request that opened it; none over WebTransport. */
  readonly request: IncomingMessage | null | undefined;
  readonly readyState: string;
  readonly transport: EngineTransport;
  emit(event: string | symbol, ...args: unknown[]): boolean;
  sendPacket(type: string, ...args: unknown[]): void;
  /** @param discard whether to close without waiting for what has yet to be sent */
  close(discard?: boolean): unknown;
  /** Takes the WebSocket that a polling client has opened, for its probe. */
  _maybeUpgrade(transport: EngineTransport): void;
}

/** A request as engine.io hands it on. */
export interface EngineRequest extends IncomingMessage {
  /** The query, the last of repeated parameters. */
  readonly _query: Record<string, string>;
  /** The response, in polling; an upgrade has none. */
  readonly res?: ServerResponse | null;
  /** The WebSocket that an upgrade has become. */
  readonly websocket?: EngineTransport['socket'] & { close(): unknown };
}

/** The part of the engine that is used. */
export interface Engine extends EventEmitter {
  readonly clients: Readonly<Record<string, EngineConnection>>;
  readonly opts: { readonly maxHttpBufferSize: number };
  /** The server of `ws`, or of a `wsEngine`; none without WebSockets. That of `ws` emits events. */
  readonly ws?: { readonly on?: unknown };
  use(middleware: EngineMiddleware): void;
}

/** Runs for every request to the engine. */
export type EngineMiddleware = (
  request: EngineRequest,
  response: unknown,
  next: (error?: unknown) => void,
) => void;
