import { ContainedLogger } from '../../events/contained-logger.js';
import type { ExpectClient } from '../adapter-context.js';
import { failSocket } from './end-socket.js';
import { containBroadcasts } from './internals/contain-broadcasts.js';
import { containNamespace } from './internals/contain-socket.js';
import { removeMadeUpNamespaces } from './internals/made-up-namespaces.js';
import type { VersionCheck } from './internals/self-check.js';
import { membersOf, membersOfNamespace } from './internals/socket-members.js';
import type { IoNamespace, IoServer, IoSocket, Next } from './platform-types.js';
import type { Access, Reception } from './reception.js';

/** What the namespaces of one server ask. */
export interface NamespaceOwner {
  /** The reception of a client's connection; none for a connection that came by another way than the gate of the server. */
  receptionOf(socket: IoSocket): Reception | undefined;
  readonly version: VersionCheck;
}

/** The gateways of a namespace. */
export interface NamespaceDemand {
  readonly access: Access;
  readonly expect: ExpectClient | undefined;
}

/** A gate in the middleware of a namespace. Namespaces that a pattern has made take over that of their parent. */
interface GateMiddleware {
  (socket: IoSocket, next: Next): void;
  readonly demand: () => NamespaceDemand;
}

const isGate = new WeakSet<object>();

/**
 * The gates of all namespaces of a server: those of gateways, those that the application makes by itself, now or later, and the root
 * namespace, which every server of Socket.IO has.
 */
export class NamespaceGates {
  readonly #demands = new Map<IoNamespace, NamespaceDemand>();
  #isReported = false;

  constructor(
    server: IoServer,
    private readonly owner: NamespaceOwner,
  ) {
    this.#gate(server.of('/'));
    removeMadeUpNamespaces(server);
    server.on('new_namespace', (namespace) => this.#gate(namespace));
  }

  /** Opens a namespace to the clients of its gateways. */
  add(namespace: IoNamespace, demand: NamespaceDemand): void {
    this.#demands.set(namespace, demand);
    this.#gate(namespace);
  }

  /** Puts the gate before all middleware, and behind it, where Socket.IO itself may have passed it by. */
  #gate(namespace: IoNamespace): void {
    const members = membersOfNamespace(namespace);
    const inherited = members._fns.find((each) => isGate.has(each as object));
    if (Object.hasOwn(namespace, '_doConnect')) {
      return;
    }
    const gate = (inherited ?? this.#middlewareOf(namespace)) as GateMiddleware;
    if (!inherited) {
      members._fns.unshift(gate);
    }
    containNamespace(namespace, failSocket);
    const doConnect = members._doConnect.bind(namespace);
    members._doConnect = (socket, done) => {
      containBroadcasts(namespace);
      const reception = this.owner.receptionOf(socket);
      if (reception) {
        reception.enter(socket, gate.demand().expect, () => doConnect(socket, done));
      } else {
        membersOf(socket)._cleanup();
        socket.conn.close(true);
      }
    };
  }

  /** Once: clients could fill the log. */
  #report({ conn }: IoSocket): void {
    if (conn.readyState === 'open' && !this.#isReported) {
      this.#isReported = true;
      new ContainedLogger('WsAuth').error(
        'a client of Socket.IO is refused, since its handshake did not come to the HTTP server of its gateways: application code has ' +
          "called attach(), listen() or bind() of the server; forward the events 'request' and 'upgrade' of the other HTTP server to " +
          'app.getHttpServer() instead',
      );
    }
  }

  #middlewareOf(namespace: IoNamespace): GateMiddleware {
    const demand = () => this.#demands.get(namespace) ?? demandOfApplication(namespace);
    const gate = (socket: IoSocket, next: Next) => {
      const reception = this.owner.receptionOf(socket);
      const isKnown = this.owner.version.knowsSocket(socket);
      if (reception && isKnown) {
        reception.admit(socket, demand().access, next);
      } else {
        if (isKnown) {
          this.#report(socket);
        }
        socket.conn.close(true);
        // The connection has closed meanwhile, or came by another way: Socket.IO forgets its client when it is answered.
        next(new Error('closed'));
      }
    };
    isGate.add(gate);
    return Object.assign(gate, { demand });
  }
}

/** A namespace of the application's own code is protected. One without a listener is closed. */
function demandOfApplication(namespace: IoNamespace): NamespaceDemand {
  return { access: isServed(namespace) ? 'protected' : 'closed', expect: undefined };
}

/** Whether code of the application listens for the clients of a namespace. */
export function isServed(namespace: IoNamespace): boolean {
  const events = ['connect', 'connection'] as const;
  return events.some((event) => namespace.listeners(event).length > 0);
}
