type Listener = (...args: unknown[]) => void;
type Emit = (event: string, ...args: unknown[]) => unknown;

/** The part of a client in one namespace that a departure uses. */
interface LeavingSocket {
  connected: boolean;
  emit: Emit;
  /** Packets that wait for the next connection. */
  readonly sendBuffer: readonly { readonly id?: unknown }[];
  /** Callbacks by the id of the packet whose acknowledgement they wait for. */
  readonly acks: Readonly<Record<string, unknown>>;
}

/** The part of `Manager` of `socket.io-client` that a departure uses. */
interface LeavingManager {
  readonly engine: { close(): unknown };
  readonly nsps: Readonly<Record<string, LeavingSocket>>;
  reconnection(): boolean;
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** Connections that are being left. All namespaces of one share it, and each of them receives the notice. */
const leaving = new WeakSet<object>();

/**
 * Leaves a connection whose server is about to close it, so that no event is lost: new events wait for the next connection, and the
 * present one is closed when what was sent before has been acknowledged. `Manager` connects again by itself.
 *
 * Without the members that this needs, or without reconnection, the client stays until the server closes the connection.
 */
export function leaveInOrder(manager: unknown): void {
  if (!isLeavable(manager) || leaving.has(manager.engine)) {
    return;
  }
  const { engine } = manager;
  leaving.add(engine);
  const sockets = Object.values(manager.nsps);
  const releases = sockets.map(holdEvents);
  const unanswered = sockets.map(unansweredOf);
  const closeWhenAnswered = () => {
    if (!unanswered.some((isUnanswered) => isUnanswered())) {
      manager.off('packet', closeWhenAnswered);
      // It sends what it has buffered first.
      engine.close();
    }
  };
  const closed = () => {
    manager.off('packet', closeWhenAnswered);
    manager.off('close', closed);
    releases.forEach((release) => release());
  };
  manager.on('close', closed);
  manager.on('packet', closeWhenAnswered);
  closeWhenAnswered();
}

/** Has a client buffer its events as if it was not connected. It still receives events and acknowledgements. */
function holdEvents(socket: LeavingSocket): () => void {
  const own = Object.getOwnPropertyDescriptor(socket, 'emit');
  const emit = socket.emit;
  socket.emit = (...args) => {
    const { connected } = socket;
    socket.connected = false;
    try {
      return emit.apply(socket, args);
    } finally {
      socket.connected = connected;
    }
  };
  return () => {
    if (own) {
      Object.defineProperty(socket, 'emit', own);
    } else {
      delete (socket as Partial<LeavingSocket>).emit;
    }
  };
}

/** Returns whether an event that was sent before the departure still has no acknowledgement. */
function unansweredOf({ acks, sendBuffer, connected }: LeavingSocket): () => boolean {
  const buffered = new Set(sendBuffer.map(({ id }) => String(id)));
  const sent = connected ? Object.keys(acks).filter((id) => !buffered.has(id)) : [];
  return () => sent.some((id) => id in acks);
}

function isLeavable(manager: unknown): manager is LeavingManager {
  const { engine, nsps, reconnection } = (manager ?? {}) as Partial<LeavingManager>;
  return (
    typeof engine?.close === 'function' &&
    typeof reconnection === 'function' &&
    (manager as LeavingManager).reconnection() &&
    Object.values(nsps ?? {}).every(({ acks, sendBuffer }) => acks && Array.isArray(sendBuffer)) &&
    nsps !== undefined
  );
}
