import { refusedBy, type Refusal } from '../../protocol/refusal.js';
import { sessionOf, setPublic } from '../../sessions/client-session.js';
import type { ExpectClient } from '../adapter-context.js';
import { contain } from '../contain.js';
import { redactPayload, type KnownProof } from '../redact-payload.js';
import { ConnectJudge } from './connect-judge.js';
import { containSocket } from './internals/contain-socket.js';
import { membersOf, membersOfNamespace } from './internals/socket-members.js';
import type { IoConnection } from './io-connection.js';
import type { Payload } from './payload-digest.js';
import type { IoSocket, Next } from './platform-types.js';
import { payloadOf } from './redact-handshake.js';
import { failSocket } from './end-socket.js';
import { showSession } from './show-session.js';
import { SocketGate } from './socket-gate.js';

/** What the gateways of a namespace demand; `closed` for a namespace without gateways. */
export type Access = 'public' | 'protected' | 'closed';

/** A client that has passed the gate of its namespace, and not yet all middleware of the application. */
interface Greeted {
  readonly access: Access;
  readonly payload: Payload;
}

/** Those of all connections: a table for each would need memory of its own. */
const greetedClients = new WeakMap<IoSocket, Greeted>();

/** Receives the CONNECT packets of one connection, each for a namespace of its own. */
export class Reception {
  readonly #judge: ConnectJudge;

  constructor(private readonly connection: IoConnection) {
    this.#judge = new ConnectJudge(connection);
  }

  /** Decides on a CONNECT packet. Called before all middleware of the application. */
  admit(socket: IoSocket, access: Access, next: Next): void {
    const payload = payloadOf(socket.handshake.auth);
    socket.handshake.auth = shown(payload);
    const greeted = { access, payload };
    if (this.connection.phase === 'ended') {
      // Socket.IO forgets the client of a connection that has closed when it is answered, and not before.
      next(this.#judge.errorOf(unknownNamespace));
    } else if (access === 'closed') {
      this.#judge.refuseNamespace(unknownNamespace, socket.nsp.name, next);
    } else if (access === 'public') {
      this.connection.becomeGuest();
      setPublic(socket);
      greetedClients.set(socket, greeted);
      next();
    } else if (this.#judge.waitsFor(socket.nsp)) {
      // An official client sends it again where `connect()` is called twice. The first one is answered.
      membersOf(socket)._cleanup();
    } else {
      const onAccepted = () => this.#greet(socket, greeted);
      this.#judge.judge({ namespace: socket.nsp, payload, next, onAccepted });
    }
  }

  /**
   * Makes a client part of its namespace. Called after all middleware of the application, also where that has been passed by.
   *
   * @param proceed sends the answer, and announces the client to the gateways
   */
  enter(socket: IoSocket, expect: ExpectClient | undefined, proceed: () => void): void {
    const greeted = greetedClients.get(socket);
    const { connection } = this;
    if (greeted && connection.gates.has(socket.nsp)) {
      // Middleware of the application has let two CONNECT packets pass simultaneously: the second client would be a ghost.
      membersOf(socket)._cleanup();
      return;
    }
    if (!greeted) {
      this.#drop(socket);
      return;
    }
    const begins = greeted.access !== 'public' && !connection.life;
    const unfit = begins ? connection.entrance.reconsider() : undefined;
    if (unfit) {
      this.#refuse(socket, unfit);
      return;
    }
    this.#join(socket, greeted, begins);
    if (!connection.isOpen) {
      this.#drop(socket);
      return;
    }
    const announce = () => this.#announce(socket, expect, proceed);
    if (connection.life) {
      connection.life.within(announce);
    } else {
      announce();
    }
    greetedClients.delete(socket);
    this.#acknowledge(socket, greeted);
  }

  /** From here on `userOf()` finds the user, also in middleware of the application. */
  #greet(socket: IoSocket, greeted: Greeted): void {
    const { life, entrance, server } = this.connection;
    const { session, proof } = life ?? entrance.accepted!;
    socket.handshake.auth = shown(greeted.payload, proof);
    showSession(socket, session, server.context.policy);
    greetedClients.set(socket, greeted);
  }

  #join(socket: IoSocket, { access }: Greeted, begins: boolean): void {
    containSocket(socket, failSocket, this.connection);
    const gate = new SocketGate(socket, access === 'public', this.connection);
    if (begins) {
      this.connection.begin(gate);
    } else {
      this.connection.join(gate);
    }
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

  /** A client that may have no session any more does not become part of a namespace. */
  #refuse(socket: IoSocket, refusal: Refusal): void {
    this.#forget(socket);
    if (this.connection.phase === 'ended') {
      return;
    }
    const { name } = socket.nsp;
    this.#judge.refuse(refusal, name, ({ message, data }) =>
      membersOf(socket)._error({ message, data }),
    );
  }

  /** A client that has no session does not become part of a namespace. */
  #drop(socket: IoSocket): void {
    this.#forget(socket);
    if (this.connection.phase !== 'ended') {
      this.connection.terminate();
    }
  }

  #forget(socket: IoSocket): void {
    membersOfNamespace(socket.nsp)._preConnectSockets.delete(socket.id);
    membersOf(socket)._cleanup();
  }
}

function shown(payload: Payload, proof?: KnownProof): Record<string, unknown> {
  return redactPayload(payload ?? {}, proof) as Record<string, unknown>;
}

const unknownNamespace = refusedBy('path', 'ERR_WS_AUTH_UNKNOWN_PATH');
