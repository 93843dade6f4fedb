import { failed } from '../../authentication/strategy-refusal.js';
import type { WsAuthPhase } from '../../policy/telemetry.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { contain, logFault } from '../contain.js';
import { ConnectError } from './endings.js';
import type { IoConnection } from './io-connection.js';
import { Line } from './line.js';
import type { Payload } from './payload-digest.js';
import type { IoNamespace, Next } from './platform-types.js';

/** One CONNECT packet, in the middleware of its namespace. */
export interface ConnectRequest {
  readonly namespace: IoNamespace;
  readonly payload: Payload;
  /** Answers it with an error, or has it go on. */
  readonly next: Next;
  /** Called if it is accepted, before it goes on. */
  readonly onAccepted: () => void;
}

/** Judges the CONNECT packets of one connection that ask for protected namespaces, one after another. */
export class ConnectJudge {
  readonly #line = new Line();
  /** Those that wait for a decision, by the name of their namespace. */
  readonly #waiting = new Map<string, Next>();
  #refusals = 0;

  constructor(private readonly connection: IoConnection) {
    connection.entrance.attempt.onAbort(this.#onAbort);
  }

  /** Whether a packet for the namespace waits for a decision. */
  waitsFor({ name }: IoNamespace): boolean {
    return this.#waiting.has(name);
  }

  judge(request: ConnectRequest): void {
    const { maxQueuedMessages } = this.connection.server.context.policy;
    if (this.#waiting.size > maxQueuedMessages) {
      this.connection.violate(refusedBy('max-queued-messages', 'ERR_WS_AUTH_QUEUE_FULL'));
      return;
    }
    const { namespace, next } = request;
    const { name } = namespace;
    this.#waiting.set(name, next);
    const answer = (refusal: Refusal | undefined) => {
      if (this.#waiting.get(name) === next && this.#waiting.delete(name)) {
        this.#answer(request, refusal);
      }
    };
    const fail = (error: unknown) => {
      logFault('a middleware of a namespace', error);
      this.connection.terminate();
    };
    void this.#line
      .add(() => this.#judge(request.payload))
      .catch(failed)
      .then(answer)
      .catch(fail);
  }

  /**
   * Refuses a client, and closes its connection unless it has a session or is a guest.
   *
   * @param namespace that the client asks for
   * @param answer sends the error
   */
  refuse(refusal: Refusal, namespace: string, answer: (error: ConnectError) => void): void {
    const { connection } = this;
    const isOnSession = connection.phase === 'session';
    this.#report(refusal, namespace, isOnSession ? 'reauthentication' : 'message');
    answer(this.errorOf(refusal));
    if (!isOnSession) {
      connection.becomeRefused();
      this.#countRefusal();
    }
  }

  /** Refuses a client a namespace, whatever its credential is. Its connection stays for other namespaces. */
  refuseNamespace(refusal: Refusal, namespace: string, answer: Next): void {
    this.#report(refusal, namespace, 'message');
    answer(this.errorOf(refusal));
  }

  errorOf(refusal: Refusal): ConnectError {
    return new ConnectError(refusal, this.connection.server.context.policy);
  }

  async #judge(payload: Payload): Promise<Refusal | undefined> {
    const { connection } = this;
    const { entrance, server } = connection;
    if (connection.phase === 'session') {
      const { firstMessage } = server.context.policy;
      return !firstMessage || entrance.payload.knows(payload) ? undefined : this.#renew(payload);
    }
    const full = connection.phase === 'guest' ? entrance.reenter(this.#onAbort) : undefined;
    return full ?? entrance.judge(payload);
  }

  async #renew(payload: Payload): Promise<Refusal | undefined> {
    const refusal = await this.connection.renew(payload);
    if (!refusal) {
      this.connection.entrance.payload.remember(payload);
    }
    return refusal;
  }

  #report(refusal: Refusal, namespace: string | undefined, during: WsAuthPhase): void {
    const { entrance, server } = this.connection;
    const { reporter } = server.context;
    reporter.refused(entrance.explain(refusal), entrance.peer.placeIn(namespace), during);
  }

  #answer({ namespace, next, onAccepted }: ConnectRequest, refusal: Refusal | undefined): void {
    const { connection } = this;
    if (connection.phase === 'ended') {
      next(this.errorOf(gone));
    } else if (refusal) {
      this.refuse(refusal, namespace.name, next);
    } else if (connection.life || connection.entrance.accepted) {
      onAccepted();
      next();
    } else {
      connection.terminate();
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
  readonly #onAbort = (): void => {
    const { connection } = this;
    const { refusal } = connection.entrance.attempt;
    const waiting = [...this.#waiting.values()];
    const [namespace] = this.#waiting.keys();
    this.#waiting.clear();
    const answerAll = (error: ConnectError) => {
      for (const next of waiting) {
        contain('refusing a client', () => next(error));
      }
    };
    if (!refusal || connection.phase === 'ended' || connection.phase === 'session') {
      answerAll(this.errorOf(refusal ?? gone));
      return;
    }
    // Where nothing waits, a guest has done nothing wrong: middleware of the application has refused it.
    const isGuest = connection.phase === 'guest';
    if (waiting.length > 0 || !isGuest) {
      this.#report(refusal, namespace, 'message');
    }
    if (waiting.length === 0 && !isGuest) {
      connection.refuseSilent(this.errorOf(refusal));
      return;
    }
    answerAll(this.errorOf(refusal));
    connection.becomeRefused();
  };
}

const gone = new Refusal('ERR_WS_AUTH_UNAVAILABLE');
