import type { IncomingMessage } from 'node:http';
import type { Decision } from '../../authentication/authenticator.js';
import type { PendingBudget } from '../../authentication/pending-budget.js';
import { failed, refuseIfThrown } from '../../authentication/strategy-refusal.js';
import { redactRequest } from '../../credentials/redaction.js';
import { isThenable } from '../../passport/maybe-promise.js';
import { clientKey } from '../../policy/client-key.js';
import { refusesByHttp } from '../../policy/rejection.js';
import { parseHandshake, parseRequest, type Handshake } from '../../protocol/handshake.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { parseRequestTarget } from '../../protocol/request-target.js';
import { Admission } from '../admission.js';
import { contain } from '../contain.js';
import { Peer } from '../peer.js';
import { PendingUpgrade } from '../pending-upgrade.js';
import type { SessionContext } from '../session-context.js';
import { answer, askOnce } from './answer-request.js';
import { Entrance } from './entrance.js';
import type { EngineRequest } from './internals/engine.js';
import type { AllowRequest } from './platform-types.js';
import { redactQuery } from './redact-handshake.js';

/** What the gate needs of its server. */
export interface HandshakeGateOptions {
  readonly context: SessionContext;
  readonly budget: PendingBudget;
  /** Whether a client may be without a session, in a public namespace. */
  readonly hasPublic: () => boolean;
  /** The `allowRequest` of the application. */
  readonly theirs: AllowRequest | undefined;
}

/** Continues with a request that may open a connection. */
type Proceed = () => void;

/**
 * Decides which requests open a connection: `allowRequest`, the one place where engine.io itself means a new connection, in both
 * transports and after CORS.
 */
export class HandshakeGate {
  readonly #entrances = new WeakMap<IncomingMessage, Entrance>();
  readonly #pending = new Set<PendingUpgrade>();
  readonly #admission: Admission;
  #closing = false;

  constructor(private readonly options: HandshakeGateOptions) {
    this.#admission = new Admission(options.context);
  }

  /** The entrance of a connection, once. None for a connection that came by another way. */
  take(request: IncomingMessage | null | undefined): Entrance | undefined {
    const entrance = request ? this.#entrances.get(request) : undefined;
    if (entrance) {
      this.#entrances.delete(request!);
    }
    return entrance;
  }

  /** Refuses every new connection from now on, and those that are being decided. */
  close(): void {
    this.#closing = true;
    for (const { attempt } of this.#pending) {
      contain('refusing a connection', () => {
        attempt.abort(refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN'));
      });
    }
  }

  readonly allowRequest: AllowRequest = (request, callback) => {
    const engineRequest = request as EngineRequest;
    const proceed = () => callback(null, true);
    if (engineRequest._query['EIO'] !== '4') {
      // Engine.io refuses the revision by itself. If it did not, the connection would have no entrance.
      proceed();
      return;
    }
    const handshake = engineRequest.res ? parseRequest(request) : parseHandshake(request, 0);
    if (handshake instanceof Refusal) {
      this.#refuseMalformed(engineRequest, handshake);
      return;
    }
    try {
      this.#receive(engineRequest, handshake, proceed, callback);
    } catch (cause) {
      this.#refuseMalformed(engineRequest, failed(cause));
    }
  };

  #receive(
    request: EngineRequest,
    handshake: Handshake,
    proceed: Proceed,
    callback: Parameters<AllowRequest>[1],
  ): void {
    const { context, budget } = this.options;
    const { policy, authenticator, events, reporter } = context;
    const peer = new Peer(request.socket, request, handshake, policy.trust);
    // Polling closes the socket of this request, and the address is needed later.
    peer.identify();
    const original = redactRequest(request, policy.redaction);
    redactQuery(request, policy.redaction);
    const subject = { handshake, request, original, client: peer };
    const full = this.#closing
      ? refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN')
      : budget.take(peer, () => authenticator.presents(subject));
    if (full) {
      reporter.refused(full, peer, 'handshake');
      answer(request, full);
      return;
    }
    const upgrade = new PendingUpgrade(subject, peer, this.#forget);
    this.#pending.add(upgrade);
    if (events.has('authenticating')) {
      events.emit('authenticating', { path: peer.path, address: peer.address });
    }
    this.#decide(upgrade, request, (decision) => {
      this.#carryOut(decision, upgrade, request, () =>
        this.#askApplication(upgrade, request, proceed, callback),
      );
    });
  }

  /** Every connection has to wait: for its strategies, and then for its CONNECT packet. */
  #decide(upgrade: PendingUpgrade, request: EngineRequest, decided: (decision: Decision) => void) {
    const { context } = this.options;
    const { subject, attempt } = upgrade;
    upgrade.hold();
    upgrade.wait(context.policy.authTimeoutMs);
    attempt.onAbort(() => {
      if (!upgrade.decided) {
        this.#end(upgrade, request, attempt.refusal);
      }
    });
    const made = refuseIfThrown(() => context.authenticator.decide(subject, attempt));
    if (!isThenable(made)) {
      decided(made);
      return;
    }
    upgrade.begin();
    const later = (decision: Decision) => {
      upgrade.finish();
      if (attempt.running) {
        decided(decision);
      } else {
        this.#abandon(decision);
      }
    };
    void made.then(later, (cause: unknown) => later(failed(cause)));
  }

  #carryOut(
    made: Decision,
    upgrade: PendingUpgrade,
    request: EngineRequest,
    proceed: Proceed,
  ): void {
    const { context } = this.options;
    const decision = this.#reconsider(made);
    if (decision instanceof Refusal && this.#refusesByHttp(decision, upgrade)) {
      upgrade.decided = true;
      this.#end(upgrade, request, decision);
      return;
    }
    const entrance = new Entrance(context, upgrade, decision, this.#forget);
    this.#entrances.set(request, entrance);
    proceed();
  }

  /** A session that may not begin is refused now. An ambient credential counts as none where a payload may follow. */
  #reconsider(decision: Decision): Decision {
    if (decision === 'defer' || decision instanceof Refusal) {
      return decision;
    }
    const unfit = this.#admission.refuse(decision);
    if (!unfit) {
      return decision;
    }
    this.#abandon(decision);
    return decision.mayDefer && unfit.isUnauthorized ? 'defer' : unfit;
  }

  #refusesByHttp(refusal: Refusal, { subject }: PendingUpgrade): boolean {
    const { policy } = this.options.context;
    const isMissing = refusal.code === 'ERR_WS_AUTH_CREDENTIAL_REQUIRED';
    return (
      refusesByHttp(policy.rejection, refusal, subject.handshake) &&
      !(isMissing && this.options.hasPublic())
    );
  }

  /** The application may refuse as well. It holds the slot while it decides. */
  #askApplication(
    upgrade: PendingUpgrade,
    request: EngineRequest,
    proceed: Proceed,
    callback: Parameters<AllowRequest>[1],
  ): void {
    const { theirs } = this.options;
    if (!theirs) {
      this.#open(upgrade, proceed);
      return;
    }
    upgrade.begin();
    askOnce(theirs, request, (error, success) => {
      upgrade.finish();
      if (upgrade.attempt.running && success) {
        this.#open(upgrade, proceed);
      } else if (upgrade.attempt.running) {
        this.#drop(upgrade, request);
        callback(error, false);
      }
    });
  }

  /** From here on the end of the connection counts, and not that of the request. */
  #open(upgrade: PendingUpgrade, proceed: Proceed): void {
    upgrade.decided = true;
    upgrade.unwatch();
    const { attempt, peer } = upgrade;
    attempt.late = 'ERR_WS_AUTH_TIMEOUT';
    attempt.onAbort(() => this.#dropUnlessTaken(upgrade));
    peer.socket.once('close', () => {
      // Engine.io may still refuse the request, or the client may have left: then no connection was made.
      setImmediate(() => this.#dropUnlessTaken(upgrade));
    });
    proceed();
  }

  #dropUnlessTaken(upgrade: PendingUpgrade): void {
    const request = upgrade.subject.request;
    if (this.#entrances.has(request)) {
      this.#drop(upgrade, request);
    }
  }

  #drop(upgrade: PendingUpgrade, request: IncomingMessage): void {
    this.take(request)?.abandon();
    upgrade.decided = true;
    upgrade.attempt.settle();
    upgrade.letGo();
  }

  /** Answers a request by an HTTP status. The slot is kept until its socket has closed. */
  #end(upgrade: PendingUpgrade, request: EngineRequest, refusal: Refusal | undefined): void {
    this.take(request)?.abandon();
    upgrade.decided = true;
    upgrade.attempt.settle();
    if (refusal) {
      this.options.context.reporter.refused(refusal, upgrade.peer, 'handshake');
      answer(request, refusal);
    } else {
      request.socket.destroy();
    }
    upgrade.letGoWhenClosed();
  }

  #refuseMalformed(request: EngineRequest, refusal: Refusal): void {
    const { reporter, policy } = this.options.context;
    redactRequest(request, policy.redaction);
    const path = parseRequestTarget(request.url ?? '')?.path ?? '';
    const address = clientKey(request, policy.trust);
    reporter.refused(refusal, { path, address }, 'handshake');
    answer(request, refusal);
  }

  #abandon(decision: Decision): void {
    if (decision !== 'defer' && !(decision instanceof Refusal)) {
      this.#admission.release(decision);
    }
  }

  /** A strategy that has outlived its client keeps the slot until it ends. */
  readonly #forget = (ended: PendingUpgrade): void => {
    const { budget } = this.options;
    this.#pending.delete(ended);
    if (ended.isBusy) {
      ended.onIdle(budget.abandon(ended.peer));
    } else {
      budget.release(ended.peer);
    }
  };
}
