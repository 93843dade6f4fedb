import type { Server } from 'node:http';
import { ContainedLogger } from '../../events/contained-logger.js';
import { logText } from '../../protocol/log-text.js';
import { Refusal } from '../../protocol/refusal.js';
import { setPublic } from '../../sessions/client-session.js';
import type { SessionDrain } from '../../sessions/session-drain.js';
import { OpenConnections } from '../open-connections.js';
import { answer, askOnce } from './answer-request.js';
import { ConnectError } from './endings.js';
import { failSocket } from './end-socket.js';
import { containBroadcasts } from './internals/contain-broadcasts.js';
import { containListeners } from './internals/contain-listeners.js';
import { containNamespaceNames } from './internals/contain-options.js';
import type { Engine, EngineRequest } from './internals/engine.js';
import { containNamespace, containSocket } from './internals/contain-socket.js';
import { VersionCheck } from './internals/self-check.js';
import { membersOfNamespace } from './internals/socket-members.js';
import { isServed, type NamespaceDemand } from './namespace-gates.js';
import type { AllowRequest, IoNamespace, IoServer, IoSocket, Next } from './platform-types.js';
import { SocketGate, type SocketOwner } from './socket-gate.js';

/** The clients of a public server are never ended by a session. */
const publicOwner: SocketOwner = {
  isOpen: true,
  takes: () => false,
  left: () => undefined,
  held: () => undefined,
  endClient: (gate, data) => {
    gate.silence();
    gate.restore();
    gate.socket.emit('ended', data);
    gate.socket.disconnect(true);
  },
};

const notFound = new ConnectError(new Refusal('ERR_WS_AUTH_UNKNOWN_PATH'), {
  closeCodes: new Map(),
});

/**
 * A server whose gateways are all `@WsPublic()`: every client may connect to them, as with `IoAdapter`. Other namespaces are closed, since
 * nothing would authenticate their clients.
 */
export class PublicServer {
  readonly #demands = new Map<IoNamespace, NamespaceDemand>();
  /** Middleware of namespaces. Those that a pattern has made take over that of their parent. */
  readonly #gates = new WeakSet<object>();
  readonly #version = new VersionCheck();
  #isReported = false;
  readonly #connections: OpenConnections;

  constructor(
    private readonly server: IoServer,
    private readonly shutdownTimeoutMs: number,
  ) {
    this.#connections = new OpenConnections(server.httpServer as Server);
    containListeners(server.engine as unknown as Engine);
    containNamespaceNames(server);
    this.#open(server.of('/'));
    server.on('new_namespace', (namespace) => this.#open(namespace));
  }

  addNamespace(namespace: IoNamespace, demand: NamespaceDemand): void {
    this.#demands.set(namespace, demand);
    this.#open(namespace);
  }

  /** Nest closes the server itself. No peer keeps it open beyond the deadline. */
  close(): Promise<void> {
    this.#connections.endWithin(this.shutdownTimeoutMs);
    this.server.disconnectSockets(true);
    return Promise.resolve();
  }

  release(): void {
    this.#connections.closing();
  }

  #open(namespace: IoNamespace): void {
    const members = membersOfNamespace(namespace);
    if (Object.hasOwn(namespace, '_doConnect')) {
      return;
    }
    if (!members._fns.some((each) => this.#gates.has(each as object))) {
      const gate = (socket: IoSocket, next: Next) =>
        this.#demands.has(namespace) && this.#version.knowsSocket(socket)
          ? next()
          : this.#refuse(namespace, next);
      this.#gates.add(gate);
      members._fns.unshift(gate);
    }
    containNamespace(namespace, failSocket);
    const doConnect = members._doConnect.bind(namespace);
    members._doConnect = (socket, done) => {
      containBroadcasts(namespace);
      setPublic(socket);
      containSocket(socket, failSocket, publicOwner);
      const gate = new SocketGate(socket, true, publicOwner);
      try {
        this.#demands.get(namespace)?.expect?.(gate.socket);
        doConnect(socket, done);
      } catch (error) {
        failSocket(socket, 'a listener of "connection"', error);
      }
    };
  }

  #refuse(namespace: IoNamespace, next: Next): void {
    if (!this.#demands.has(namespace) && isServed(namespace) && !this.#isReported) {
      this.#isReported = true;
      new ContainedLogger('WsAuth').error(
        `the namespace ${logText(namespace.name)} is closed: the application has made it, and all gateways of its server are @WsPublic(), so ` +
          'that nothing would authenticate its clients; serve it with a gateway, protected or @WsPublic()',
      );
    }
    next(notFound);
  }
}

/** Refuses new connections with 503 once the node drains. Until then the application decides, or every client may connect. */
export function allowUntilDrain(
  drain: Pick<SessionDrain, 'hasBegun'>,
  theirs: AllowRequest | undefined,
): AllowRequest {
  return (request, callback) => {
    if (drain.hasBegun) {
      answer(request as EngineRequest, new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
    } else if (theirs) {
      askOnce(theirs, request, callback);
    } else {
      callback(null, true);
    }
  };
}
