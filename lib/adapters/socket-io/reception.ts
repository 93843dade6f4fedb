import { failed } from '../../authentication/strategy-refusal.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { sessionOf, setPublic } from '../../sessions/client-session.js';
import type { ExpectClient } from '../adapter-context.js';
import { contain, logFault } from '../contain.js';
import { ConnectError } from './endings.js';
import { isKnownSocket } from './internals/self-check.js';
import { membersOf, membersOfNamespace } from './internals/socket-members.js';
import type { IoConnection } from './io-connection.js';
import { Line } from './line.js';
import type { IoNamespace, IoSocket, Next } from './platform-types.js';
import { payloadOf, redactPayload } from './redact-handshake.js';
import { failSocket } from './end-socket.js';
import { showSession } from './show-session.js';
import { SocketGate } from './socket-gate.js';

/** What the gateways of a namespace demand; `closed` for a namespace without gateways. */
export type Access = 'public' | 'protected' | 'closed';

/** A client that has passed the gate of its namespace, and not yet all middleware of the application. */
interface Greeted {
  readonly access: Access;
  readonly payload: Record<string, unknown> | undefined;
}

/** Receives the CONNECT packets of one connection, each for a namespace of its own. */
export class Reception {
  readonly #line = new Line();
  /** Those that wait for a decision, by the name of their namespace. */
  readonly #waiting = new Map<string, Next>();
  readonly #greeted = new WeakMap<IoSocket, Greeted>();
  #refusals = 0;

  constructor(private readonly connection: IoConnection) {
    connection.entrance.attempt.onAbort(() => this.#aborted());
  }

  /** Decides on a CONNECT packet. Called before all middleware of the application. */
  admit(socket: IoSocket, access: Access, next: Next): void {
    const payload = payloadOf(socket.handshake.auth);
    socket.handshake.auth = redactPayload(payload ?? {}) as Record<string, unknown>;
    const greeted = { access, payload };
    if (access === 'closed' || this.connection.phase === 'ended') {
      // Socket.IO forgets the client of a connection that has closed when it is answered, and not before.
      next(this.#errorOf(unknownNamespace));
    } else if (access === 'public') {
      this.connection.becomeGuest();
      setPublic(socket);
      this.#greeted.set(socket, greeted);
      next();
    } else if (this.#waiting.has(socket.nsp.name)) {
      // An official client sends it again where `connect()` is called twice. The first one is answered.
      membersOf(socket)._cleanup();
    } else if (this.#isTooMany) {
      this.connection.violate(refusedBy('max-queued-messages', 'ERR_WS_AUTH_QUEUE_FULL'));
    } else {
      this.#decide(socket, greeted, next);
    }
  }

  /**
   * Makes a client part of its namespace. Called after all middleware of the application, also where that has been passed by.
   *
   * @param proceed sends the answer, and announces the client to the gateways
   */
  enter(socket: IoSocket, expect: ExpectClient | undefined, proceed: () => void): void {
    const greeted = this.#greeted.get(socket);
    if (greeted && this.#isIn(socket.nsp)) {
      // Middleware of the application has let two CONNECT packets pass simultaneously: the second client would be a ghost.
      membersOf(socket)._cleanup();
      return;
    }
    if (!greeted || !isKnownSocket(socket)) {
      this.#drop(socket);
      return;
    }
    const { connection } = this;
    const isPublic = greeted.access === 'public';
    const gate = new SocketGate(socket, isPublic, connection);
    if (!isPublic && !connection.life) {
      connection.begin(gate);
    } else {
      connection.join(gate);
    }
    if (!connection.isOpen) {
      this.#drop(socket);
      return;
    }
    const announce = () => this.#announce(socket, expect, proceed);
    if (connection.context) {
      connection.context.runInAsyncScope(announce);
    } else {
      announce();
    }
    this.#greeted.delete(socket);
    this.#acknowledge(socket, greeted);
  }

  /** Code of the application that listens for clients may throw, which would end the process. */
  #announce(socket: IoSocket, expect: ExpectClient | undefined, proceed: () => void): void {
    try {
      expect?.(socket);
      proceed();
    } catch (error) {
      failSocket(socket, 'a listener of "connection"', error);
    }
  }

  /** As after a first message: the client learns the end of its session. */
  #acknowledge(socket: IoSocket, { payload }: Greeted): void {
    const session = sessionOf(socket);
    const { policy } = this.connection.server.context;
    if (session && payload && session.extractor === policy.firstMessage?.name) {
      contain('a listener of outgoing events', () => {
        socket.emit(policy.events.authenticated, { expiresAt: session.expiresAt ?? null });
      });
    }
  }

  #decide(socket: IoSocket, greeted: Greeted, next: Next): void {
    const { name } = socket.nsp;
    this.#waiting.set(name, next);
    const answer = (refusal: Refusal | undefined) => {
      if (this.#waiting.get(name) === next && this.#waiting.delete(name)) {
        this.#answer(socket, greeted, refusal, next);
      }
    };
    const fail = (error: unknown) => {
      logFault('a middleware of a namespace', error);
      this.connection.terminate();
    };
    void this.#line
      .add(() => this.#judge(greeted))
      .catch(failed)
      .then(answer)
      .catch(fail);
  }

  async #judge({ payload }: Greeted): Promise<Refusal | undefined> {
    const { connection } = this;
    const { entrance, server } = connection;
    if (connection.phase === 'session') {
      const { firstMessage } = server.context.policy;
      return !firstMessage || entrance.knows(payload) ? undefined : this.#renew(payload);
    }
    if (connection.phase === 'guest') {
      const full = entrance.reenter();
      if (full) {
        return full;
      }
      entrance.attempt.onAbort(() => this.#aborted());
    }
    return entrance.judge(payload);
  }

  async #renew(payload: Greeted['payload']): Promise<Refusal | undefined> {
    const refusal = await this.connection.renew(payload);
    if (!refusal) {
      this.connection.entrance.remember(payload);
    }
    return refusal;
  }

  #answer(socket: IoSocket, greeted: Greeted, refusal: Refusal | undefined, next: Next): void {
    const { connection } = this;
    const { entrance } = connection;
    if (connection.phase === 'ended') {
      next(this.#errorOf(gone));
      return;
    }
    if (refusal) {
      this.#refuse(refusal, next);
      return;
    }
    const session = connection.life?.session ?? entrance.accepted?.session;
    if (!session) {
      connection.terminate();
      return;
    }
    showSession(socket, session, connection.server.context.policy);
    this.#greeted.set(socket, greeted);
    next();
  }

  #refuse(refusal: Refusal, next: Next): void {
    const { connection } = this;
    const { reporter } = connection.server.context;
    const { peer } = connection.entrance;
    const isOnSession = connection.phase === 'session';
    reporter.refused(refusal, peer, isOnSession ? 'reauthentication' : 'message');
    next(this.#errorOf(refusal));
    if (!isOnSession) {
      connection.becomeRefused();
      this.#countRefusal();
    }
  }

  /** A guest may try again, but not at will. */
  #countRefusal(): void {
    this.#refusals += 1;
    const { policy } = this.connection.server.context;
    if (this.#refusals > policy.maxReauthenticationsPerMinute) {
      this.connection.terminate();
    }
  }

  /** The deadline has passed, the application closes, or too much was sent. Those that wait are answered, the others are not. */
  #aborted(): void {
    const { connection } = this;
    const { refusal } = connection.entrance.attempt;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (!refusal || connection.phase === 'ended' || connection.phase === 'session') {
      waiting.forEach((next) => next(this.#errorOf(refusal ?? gone)));
      return;
    }
    connection.server.context.reporter.refused(refusal, connection.entrance.peer, 'message');
    if (waiting.length === 0 && connection.phase !== 'guest') {
      connection.refuseSilent(this.#errorOf(refusal));
      return;
    }
    for (const next of waiting) {
      contain('refusing a client', () => next(this.#errorOf(refusal)));
    }
    connection.becomeRefused();
  }

  #isIn(namespace: IoNamespace): boolean {
    return [...this.connection.gates].some(({ socket }) => socket.nsp === namespace);
  }

  get #isTooMany(): boolean {
    const { maxQueuedMessages } = this.connection.server.context.policy;
    return this.#waiting.size > maxQueuedMessages;
  }

  #errorOf(refusal: Refusal): ConnectError {
    return new ConnectError(refusal, this.connection.server.context.policy);
  }

  /** A client that has no session does not become part of a namespace. */
  #drop(socket: IoSocket): void {
    membersOfNamespace(socket.nsp)._preConnectSockets.delete(socket.id);
    membersOf(socket)._cleanup();
    if (this.connection.phase !== 'ended') {
      this.connection.terminate();
    }
  }
}

const gone = new Refusal('ERR_WS_AUTH_UNAVAILABLE');
const unknownNamespace = new Refusal('ERR_WS_AUTH_UNKNOWN_PATH');
