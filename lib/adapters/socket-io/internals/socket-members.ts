import type { IoNamespace, IoSocket } from '../platform-types.js';

/** A decoded packet of Socket.IO. */
export interface Packet {
  readonly type: number;
  readonly data?: unknown;
  /** Present if the client asked for an acknowledgement. */
  readonly id?: number;
}

/** Packets that hold an event: EVENT and BINARY_EVENT. */
const eventTypes: ReadonlySet<number> = new Set([2, 5]);

/** Arguments of an event, its name first; `undefined` for every other packet. */
export function eventIn({ type, data }: Packet): readonly unknown[] | undefined {
  return eventTypes.has(type) && Array.isArray(data) ? data : undefined;
}

/** Events that Socket.IO itself emits on a client. Its own parser accepts none of them from a client; others do, such as that of MessagePack. */
const reserved: ReadonlySet<unknown> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
]);

/**
 * Whether a client has sent an event that would be taken for one of Socket.IO itself, such as its own end. Names are texts or numbers:
 * emitters make a text of anything else, such as of `['disconnect']`.
 */
export function isReserved([name]: readonly unknown[]): boolean {
  return (typeof name !== 'string' && typeof name !== 'number') || reserved.has(name);
}

/** A client in a namespace, with the members that the types of Socket.IO leave out. */
export interface SocketMembers {
  connected: boolean;
  _onpacket(packet: Packet): void;
  _onclose(reason: string, description?: unknown): unknown;
  /** Answers CONNECT_ERROR. */
  _error(error: object): void;
  _cleanup(): void;
  /** Makes the function that acknowledges the event of that number. */
  ack(id: number): (...args: unknown[]) => void;
}

/** A namespace, with the members that the types of Socket.IO leave out. */
export interface NamespaceMembers {
  /** Its middleware. */
  readonly _fns: unknown[];
  readonly _preConnectSockets: Map<string, unknown>;
  /** Removes a client that has left, or was refused. */
  _remove(socket: IoSocket): void;
  /** Makes a client part of the namespace, after all middleware. */
  _doConnect(socket: IoSocket, done: unknown): void;
}

export function membersOf(socket: IoSocket): SocketMembers {
  return socket as unknown as SocketMembers;
}

export function membersOfNamespace(namespace: IoNamespace): NamespaceMembers {
  return namespace as unknown as NamespaceMembers;
}
