import { callContained, logFault } from '../../contain.js';
import type { IoSocket } from '../platform-types.js';
import type { Packet } from './socket-members.js';

type Callback = (...args: never[]) => unknown;

/** Members of a client through which its packets go to code of the application. */
interface PacketMembers {
  _onpacket(packet: Packet): void;
  registerAckCallback(id: number, callback: Callback): void;
  onAny(listener: Callback): unknown;
  prependAny(listener: Callback): unknown;
  offAny(listener?: Callback): unknown;
  listenersAny(): Callback[];
  listenersAnyOutgoing(): Callback[];
  /** Calls the listeners of `onAnyOutgoing()`. */
  notifyOutgoingListeners(packet: Packet): void;
}

/** Handles what code of the application threw, or rejected with. */
export type OnFault = (socket: IoSocket, what: string, error: unknown) => void;

type Contained = Omit<PacketMembers, 'listenersAny' | 'listenersAnyOutgoing'>;

/** The function of the application, by the one that stands in for it. */
const originals = new WeakMap<Callback, Callback>();

/** All clients share these members, since each would need memory for its own. */
const membersBy = new WeakMap<OnFault, Contained>();

/**
 * Contains what Socket.IO calls for each packet, in a tick of its own: listeners of `onAny()`, and callbacks that wait for an acknowledgement
 * of the client, or for its time-out.
 */
export function containPackets(socket: IoSocket, onFault: OnFault): void {
  const members = membersBy.get(onFault) ?? membersThat(onFault);
  membersBy.set(onFault, members);
  Object.assign(socket, members);
  // Middleware of the application may have added some before.
  const listeners = ofClass(socket).listenersAny.call(socket as unknown as PacketMembers);
  listeners.forEach((listener, index) => {
    listeners[index] = guarded(listener, socket, onFault);
  });
}

function membersThat(onFault: OnFault): Contained {
  const guard = (callback: Callback, socket: object) => guarded(callback, socket, onFault);
  return {
    _onpacket(packet) {
      try {
        ofClass(this)._onpacket.call(this, packet);
      } catch (error) {
        onFault(this as unknown as IoSocket, 'a listener of a packet', error);
      }
    },
    registerAckCallback(id, callback) {
      ofClass(this).registerAckCallback.call(this, id, guard(callback, this));
    },
    onAny(listener) {
      return ofClass(this).onAny.call(this, guard(listener, this));
    },
    prependAny(listener) {
      return ofClass(this).prependAny.call(this, guard(listener, this));
    },
    offAny(listener) {
      const members = ofClass(this);
      const isIt = (each: Callback) => originals.get(each) === listener;
      return members.offAny.call(
        this,
        listener && (members.listenersAny.call(this).find(isIt) ?? listener),
      );
    },
    notifyOutgoingListeners({ data }) {
      const listeners = ofClass(this).listenersAnyOutgoing.call(this);
      // A copy: each may remove itself.
      for (const listener of listeners.length === 0 ? listeners : [...listeners]) {
        callContained(() => listener.apply(this, data as never[]), failOutgoing);
      }
    },
  } satisfies Contained & ThisType<PacketMembers>;
}

function ofClass(socket: object): PacketMembers {
  return Object.getPrototypeOf(socket) as PacketMembers;
}

function guarded(run: Callback, socket: object, onFault: OnFault): Callback {
  const fail = (error: unknown) => {
    onFault(socket as IoSocket, 'a listener of onAny(), or an acknowledgement,', error);
  };
  const guard = function (this: unknown, ...args: never[]): void {
    callContained(() => run.apply(this, args), fail);
  };
  originals.set(guard, run);
  return guard;
}

/** The client stays: its end is an event that goes out as well, and the rest of a broadcast is for others. */
function failOutgoing(error: unknown): void {
  logFault('a listener of onAnyOutgoing()', error);
}
