import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Takes an upgrade, or returns false if it is for another listener. */
export type UpgradeClaim = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/** A claim on the upgrades of a server. */
export interface ClaimedUpgrades {
  /** Emits `upgrade` for a request that was claimed: to the listeners, and to claims that were made before this one. */
  readonly emit: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Leaves the server as it was. */
  readonly release: () => void;
}

/**
 * Asks before the listeners of `upgrade`, which see only what the claim does not take.
 *
 * Each of them believes that every upgrade is its own: a `WebSocketServer` of `ws` with `server` and `path` answers 400 to
 * all other paths, and Socket.IO ends what is unanswered after a second, which a strategy may well need. Events
 * know no way to stop there, so the server's `emit` is the only place that runs before all of them, whatever their order.
 */
export function claimUpgrades(server: Server, claim: UpgradeClaim): ClaimedUpgrades {
  const { emit, release } = claimEvent(server, 'upgrade', (...upgrade) =>
    claim(...(upgrade as Parameters<UpgradeClaim>)),
  );
  return { release, emit: (...upgrade) => emit('upgrade', ...upgrade) };
}

type Emit = (event: string, ...args: unknown[]) => boolean;

/** Asks before the listeners of one event, which see only what the claim does not take. */
export function claimEvent(
  server: Server,
  name: string,
  claim: (...args: unknown[]) => boolean,
): { readonly emit: Emit; readonly release: () => void } {
  const before = Object.getOwnPropertyDescriptor(server, 'emit');
  const emit: Emit = server.emit.bind(server);
  let active = true;
  const claiming: Emit = (event, ...args) =>
    (active && event === name && claim(...args)) || emit(event, ...args);
  server.emit = claiming as Server['emit'];
  const release = () => {
    active = false;
    const isOutermost = Object.getOwnPropertyDescriptor(server, 'emit')?.value === claiming;
    if (isOutermost && before) {
      Object.defineProperty(server, 'emit', before);
    } else if (isOutermost) {
      Reflect.deleteProperty(server, 'emit');
    }
  };
  return { release, emit };
}
