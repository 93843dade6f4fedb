import { callContained, logFault } from '../../contain.js';
import type { IoNamespace } from '../platform-types.js';
import { containEmitter } from './contain-listeners.js';

/** What sends an event to the clients of a namespace. */
interface Broadcaster {
  readonly adapter: object;
}

/** The class of these, which all servers of a process share. */
interface BroadcasterClass {
  emit?: (this: Broadcaster, ...args: unknown[]) => boolean;
}

type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** Adapters of namespaces that have had a client. An application may set another one at any time. */
const contained = new WeakSet<object>();

const classes = new WeakSet<BroadcasterClass>();

/**
 * Contains what Socket.IO calls when clients join and leave rooms, and when they acknowledge a broadcast or do not. The latter
 * comes from a timer, where an exception ends the process, at the will of every client that stays silent.
 */
export function containBroadcasts(namespace: IoNamespace): void {
  const { adapter } = namespace;
  if (!contained.has(adapter)) {
    contained.add(adapter);
    containEmitter(adapter, 'an adapter', () => undefined);
    containAcknowledgements(Object.getPrototypeOf(namespace.except([])) as BroadcasterClass);
  }
}

function containAcknowledgements(broadcasters: BroadcasterClass): void {
  const { emit } = broadcasters;
  if (typeof emit !== 'function' || classes.has(broadcasters)) {
    return;
  }
  classes.add(broadcasters);
  broadcasters.emit = function (...args) {
    const last = args.at(-1);
    return contained.has(this.adapter) && typeof last === 'function'
      ? emit.call(this, ...args.slice(0, -1), guarded(last as Callback))
      : emit.apply(this, args);
  };
}

function guarded(acknowledged: Callback): Callback {
  return function (...args) {
    callContained(() => acknowledged.apply(this, args), blame);
  };
}

function blame(error: unknown): void {
  logFault('the acknowledgement of a broadcast', error);
}
