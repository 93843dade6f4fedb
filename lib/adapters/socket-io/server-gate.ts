import type { Server } from 'node:http';
import type { AdapterContext } from '../adapter-context.js';
import { endOnce } from '../upgrades/end-once.js';
import { contain } from '../contain.js';
import { redactPayload } from '../redact-payload.js';
import { decideWithin } from '../decide-within.js';
import { OpenConnections } from '../open-connections.js';
import { redactRequest } from '../../credentials/redaction.js';
import { isThenable } from '../../passport/thenable.js';
import { failed, refuseIfThrown } from '../../authentication/strategy-refusal.js';
import { refusedBy, type Refusal } from '../../protocol/refusal.js';
import type { SessionContext } from '../session-context.js';
import { answer } from './answer-request.js';
import { HandshakeGate } from './handshake-gate.js';
import type {
  Engine,
  EngineConnection,
  EngineMiddleware,
  EngineRequest,
} from './internals/engine.js';
import { closeRefused } from './internals/end-connection.js';
import { containListeners } from './internals/contain-listeners.js';
import { containNamespaceNames } from './internals/contain-options.js';
import { VersionCheck, warnOfDetachedSockets } from './internals/self-check.js';
import type { IoConnectionContext } from './connection-context.js';
import { IoConnection } from './io-connection.js';
import { NamespaceGates, type NamespaceDemand } from './namespace-gates.js';
import type {
  AllowRequest,
  IoNamespace,
  IoServer,
  IoServerOptions,
  IoSocket,
} from './platform-types.js';
import { Reception } from './reception.js';
import { payloadOf, redactQuery } from './redact-handshake.js';
import { SidGate } from './sid-gate.js';
import { takeUpgrade } from './upgrade-socket.js';

/** What is kept of each connection. */
interface Kept {
  readonly connection: IoConnection;
  readonly reception: Reception;
  readonly sid: SidGate;
}

/** Everything that protects one server of Socket.IO: its handshakes, its connections and its namespaces. */
export class ServerGate {
  readonly #handshakes: HandshakeGate;
  readonly #kept = new Map<EngineConnection, Kept>();
  readonly #bySid = new Map<string, Kept>();
  readonly #version = new VersionCheck();
  /** Called when the last connection has closed. */
  #onEmpty: (() => void) | undefined;
  #hasPublic = false;
  #namespaces: NamespaceGates | undefined;
  #shared: IoConnectionContext | undefined;
  #connections: OpenConnections | undefined;

  constructor(
    private readonly context: SessionContext,
    private readonly adapterContext: AdapterContext,
    theirs: AllowRequest | undefined,
  ) {
    this.#handshakes = new HandshakeGate({
      context,
      hasPublic: () => this.#hasPublic,
      theirs,
    });
  }

  get allowRequest(): AllowRequest {
    return this.#handshakes.allowRequest;
  }

  /** Puts the gates into a server that was made with {@link allowRequest}. */
  protect(server: IoServer, options: IoServerOptions): void {
    const engine = server.engine as unknown as Engine;
    this.#shared = {
      context: this.context,
      sendsText: options.parser === undefined,
      maxPayload: engine.opts.maxHttpBufferSize,
    };
    warnOfDetachedSockets(engine);
    containListeners(engine);
    containNamespaceNames(server, (payload) => redactPayload(payloadOf(payload) ?? {}));
    engine.use(this.#checkVersion);
    engine.use(this.#keepOrder);
    engine.use(this.#checkSid);
    engine.on('headers', (_headers: unknown, request: EngineRequest) => this.#redact(request));
    engine.on('connection_error', ({ req }: { readonly req: EngineRequest }) => {
      this.#redact(req);
      closeRefused(req);
    });
    engine.on('connection', this.#onConnection);
    this.#namespaces = new NamespaceGates(server, {
      receptionOf: (socket) => this.#receptionOf(socket),
      version: this.#version,
    });
    this.#connections = new OpenConnections(server.httpServer as Server);
  }

  /** Opens a namespace to the clients of its gateways. */
  addNamespace(namespace: IoNamespace, demand: NamespaceDemand): void {
    this.#hasPublic ||= demand.access === 'public';
    this.#namespaces!.add(namespace, demand);
  }

  /** Ends all sessions, refuses what is on its way, and waits until the connections have closed. */
  async close(): Promise<void> {
    const { shutdownTimeoutMs } = this.adapterContext;
    this.#handshakes.close();
    this.#connections?.endWithin(shutdownTimeoutMs);
    const closed = this.#untilEmpty();
    for (const { connection } of this.#kept.values()) {
      contain('ending a connection', () => endForShutdown(connection));
    }
    const deadline = setTimeout(() => this.#terminate(), shutdownTimeoutMs);
    await closed;
    clearTimeout(deadline);
  }

  /** The server is about to stop listening. */
  release(): void {
    this.#connections?.closing();
  }

  #terminate(): void {
    for (const { connection } of this.#kept.values()) {
      contain('terminating a connection', () => connection.terminate());
    }
  }

  /** A connection without an entrance came by another way than the gate of the server, such as WebTransport: it is closed. */
  readonly #onConnection = (conn: EngineConnection): void => {
    const entrance = this.#handshakes.take(conn.request);
    if (!entrance || !this.#version.knowsConnection(conn)) {
      conn.close(true);
      return;
    }
    const { socket } = conn.transport;
    if (socket) {
      endOnce(socket, conn.request!.socket);
    }
    const connection = new IoConnection(conn, this.#shared!, entrance, () => this.#forget(conn));
    const { subject } = entrance.upgrade;
    const sid = new SidGate(subject, this.context.policy, entrance.extractor);
    const reception = new Reception(connection);
    this.#keep(conn, { connection, reception, sid });
    if (entrance.waits) {
      this.context.budget.mayEvict(entrance.peer, () => {
        entrance.attempt.abort(refusedBy('max-pending', 'ERR_WS_AUTH_OVERLOADED'));
        connection.terminate();
      });
    }
  };

  #keep(conn: EngineConnection, kept: Kept): void {
    this.#kept.set(conn, kept);
    this.#bySid.set(conn.id, kept);
  }

  #forget(conn: EngineConnection): void {
    this.#kept.delete(conn);
    this.#bySid.delete(conn.id);
    if (this.#kept.size === 0) {
      this.#onEmpty?.();
    }
  }

  async #untilEmpty(): Promise<void> {
    if (this.#kept.size > 0) {
      await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    }
  }

  #receptionOf({ conn }: IoSocket): Reception | undefined {
    return this.#kept.get(conn as unknown as EngineConnection)?.reception;
  }

  readonly #checkVersion: EngineMiddleware = (request, _response, next) => {
    next(this.#version.knowsRequest(request) ? undefined : new Error('unknown version'));
  };

  /** An upgrade is answered after the requests that came before it on its connection. */
  readonly #keepOrder: EngineMiddleware = ({ res, socket }, _response, next) => {
    if (res) {
      next();
    } else {
      this.#connections!.whenAnswered(socket, next);
    }
  };

  readonly #checkSid: EngineMiddleware = (request, _response, next) => {
    const { sid } = request._query;
    const kept = sid ? this.#bySid.get(sid) : undefined;
    if (!kept) {
      // A new connection, or a sid that engine.io itself refuses.
      next();
      return;
    }
    const decided = (refusal: Refusal | undefined) => {
      const refused = refusal ?? refuseSecondUpgrade(request, kept);
      return refused ? this.#refuse(request, kept, refused) : next();
    };
    const refusal = refuseIfThrown(() => kept.sid.check(request));
    if (isThenable(refusal)) {
      // The request has no slot, and the predicate of the application may never answer.
      const { authTimeoutMs } = this.context.policy;
      void decideWithin(authTimeoutMs, refusal).then(decided, (cause) => decided(failed(cause)));
    } else {
      decided(refusal);
    }
  };

  #refuse(request: EngineRequest, { connection }: Kept, refusal: Refusal): void {
    this.#redact(request);
    this.context.reporter.refused(refusal, connection.entrance.peer, 'handshake');
    answer(request, refusal);
  }

  /** Requests with a sid repeat the credential. Listeners of the application see it nowhere. */
  #redact(request: EngineRequest): void {
    redactRequest(request, this.context.policy.redaction);
    redactQuery(request, this.context.policy.redaction);
  }
}

const secondUpgrade = refusedBy('sid-upgrade', 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS');

function refuseSecondUpgrade({ res, socket }: EngineRequest, { connection }: Kept) {
  return res || takeUpgrade(connection.conn, socket) ? undefined : secondUpgrade;
}

function endForShutdown(connection: IoConnection): void {
  const { attempt } = connection.entrance;
  if (connection.life) {
    connection.life.leave();
  } else if (!attempt.running) {
    connection.terminate();
  }
}
