import type { IncomingMessage } from 'node:http';

/** The part of a socket of `ws` that graphql-ws uses. The package may bring its own copy of `ws`. */
export interface GraphqlSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly bufferedAmount: number;
  send: (data: unknown, ...rest: unknown[]) => void;
  pong: (...args: unknown[]) => void;
  close: (code?: number, reason?: string) => void;
  terminate: () => void;
  emit: (event: string | symbol, ...args: unknown[]) => boolean;
  prependOnceListener(event: 'close', listener: (code: number) => void): unknown;
  once(event: 'close', listener: (code: number) => void): unknown;
}

/** What graphql-ws keeps of a connection, and hands to `onConnect`, `context` and its other hooks. */
export interface GraphqlWsContext {
  /** Payload of `connection_init`. */
  connectionParams?: Readonly<Record<string, unknown>> | undefined;
  /** Operations that run, by their id. */
  readonly subscriptions: Readonly<Record<string, unknown>>;
  /** The socket, and the request that opened it. */
  readonly extra: unknown;
}

/** `extra` of graphql-ws on `ws`. */
export interface GraphqlExtra {
  readonly socket: GraphqlSocket;
  readonly request: IncomingMessage;
}

/** Names that these objects have already, which `property` cannot have. */
export const contextMembers: readonly string[] = [
  'connectionInitReceived',
  'acknowledged',
  'connectionParams',
  'subscriptions',
  'extra',
  'socket',
  'request',
];

/** Whether a connection is as this package knows those of graphql-ws on `ws`. */
export function isKnown({ extra }: Partial<GraphqlWsContext>): boolean {
  const { socket, request } = Object(extra) as Partial<GraphqlExtra>;
  return typeof socket?.emit === 'function' && request !== undefined;
}

export function extraOf({ extra }: GraphqlWsContext): GraphqlExtra {
  return extra as GraphqlExtra;
}
