import { contain, logFault } from '../../contain.js';
import type { IoNamespace, IoServer } from '../platform-types.js';
import { membersOfNamespace } from './socket-members.js';

/** Members of a server that the types of Socket.IO leave out. */
interface ServerMembers {
  /** Its namespaces, by their names. */
  readonly _nsps: Map<string, IoNamespace>;
  /** What dynamic namespaces are made by. */
  readonly parentNsps: ReadonlyMap<unknown, { readonly children: Set<IoNamespace> }>;
}

/**
 * Removes the namespaces that clients have made up by a pattern, or a function, of the application, unless a client has joined them.
 * Socket.IO makes a namespace before it asks whether the client may join, and keeps it: clients without a credential could fill the memory.
 * Those that the application has asked for itself stay.
 *
 * With `cleanupEmptyChildNamespaces` all of them are removed when their last client has left. Socket.IO itself does so without counting
 * clients that are being judged: a stranger who is refused would cut them off from broadcasts.
 */
export function removeMadeUpNamespaces(server: IoServer): void {
  let isAsked = false;
  const of = server.of.bind(server) as (...args: unknown[]) => IoNamespace;
  const ask = (...args: unknown[]) => {
    isAsked = true;
    try {
      return of(...args);
    } finally {
      isAsked = false;
    }
  };
  server.of = ask as typeof server.of;
  server.on('new_namespace', (namespace) => {
    const cleansUp = Object.hasOwn(namespace, '_remove');
    if (cleansUp || !isAsked) {
      removeWhenEmpty(server as unknown as ServerMembers, namespace, cleansUp);
    }
  });
}

/** @param cleansUp whether it goes when its last client leaves, and not only if no client has joined it */
function removeWhenEmpty(server: ServerMembers, namespace: IoNamespace, cleansUp: boolean): void {
  const members = membersOfNamespace(namespace);
  const remove = (Object.getPrototypeOf(namespace) as typeof members)._remove.bind(namespace);
  let stays = false;
  const removeIfEmpty = () => {
    if (!stays && namespace.sockets.size + members._preConnectSockets.size === 0) {
      removeNamespace(server, namespace);
    }
  };
  members._remove = (socket) => {
    stays ||= !cleansUp && namespace.sockets.has(socket.id);
    remove(socket);
    if (!stays) {
      // A client that Socket.IO is adding is not in a list yet.
      setImmediate(removeIfEmpty);
    }
  };
}

function removeNamespace({ _nsps, parentNsps }: ServerMembers, namespace: IoNamespace): void {
  if (_nsps.get(namespace.name) !== namespace) {
    return;
  }
  _nsps.delete(namespace.name);
  for (const { children } of parentNsps.values()) {
    children.delete(namespace);
  }
  contain(adapter, () => {
    Promise.resolve(namespace.adapter.close()).catch((error: unknown) => logFault(adapter, error));
  });
}

const adapter = 'the adapter of a namespace';
