/** The part of a client of `socket.io-client` that is used, so that the types of this package do not need it. */
export interface ClientSocket {
  /** The same as that of the client in the application; `undefined` before it is accepted. */
  readonly id: string | undefined;
  readonly connected: boolean;
  readonly io: ClientManager;
  on(event: string, listener: (...args: never[]) => void): unknown;
  once(event: string, listener: (...args: never[]) => void): unknown;
  onAny(listener: (event: string, ...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  connect(): unknown;
  disconnect(): unknown;
}

/** The connection under the namespaces of a client. */
interface ClientManager {
  readonly engine: ClientEngine;
  socket(namespace: string): ClientSocket;
}

/** The connection of engine.io. */
export interface ClientEngine {
  readonly transport: { readonly name: string; readonly ws?: WebSocketOfEngine | null };
  once(event: 'handshake', listener: (data: { pingTimeout: number }) => void): unknown;
  write(data: string | Buffer): unknown;
  close(): unknown;
}

/** The socket of `ws` under the websocket transport. */
interface WebSocketOfEngine {
  once(event: 'unexpected-response', listener: (request: unknown, response: never) => void): void;
}

/** Why a client was not accepted. */
export interface ConnectError extends Error {
  /** That of the refusal at CONNECT. */
  readonly data?: Partial<Reason>;
  /** Status of a refused poll, or the event of a failed WebSocket. */
  readonly description?: number | { readonly error?: Error };
  /** The refused poll. */
  readonly context?: { readonly responseText?: string };
}

/** `data` of a refusal, and of the event that announces the end of a session. */
export interface Reason {
  readonly code: number;
  readonly reason: string;
}

/** Options of `io()`. */
export interface ClientOptions {
  readonly [option: string]: unknown;
}
