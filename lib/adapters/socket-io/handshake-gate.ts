import type { IncomingMessage } from 'node:http';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Decision } from '../../authentication/authenticator.js';
import { failed } from '../../authentication/strategy-refusal.js';
import { redactRequest } from '../../credentials/redaction.js';
import { clientKey } from '../../policy/client-key.js';
import { refusesByHttp } from '../../policy/rejection.js';
import { parseHandshake, parseRequest } from '../../protocol/handshake.js';
import { Refusal } from '../../protocol/refusal.js';
import { parseRequestTarget } from '../../protocol/request-target.js';
import { Admission } from '../admission.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import type { SessionContext } from '../session-context.js';
import { UpgradeDecider, type UpgradeOutcomes } from '../upgrade-decider.js';
import { answer, askOnce, type EngineAnswer } from './answer-request.js';
import { Entrance } from './entrance.js';
import type { EngineRequest } from './internals/engine.js';
import { Opening } from './opening.js';
import type { AllowRequest } from './platform-types.js';
import { redactQuery } from './redact-handshake.js';

/** What the gate needs of its server. */
export interface HandshakeGateOptions {
  readonly context: SessionContext;
  /** Whether a client may be without a session, in a public namespace. */
  readonly hasPublic: () => boolean;
  /** The `allowRequest` of the application. */
  readonly theirs: AllowRequest | undefined;
}

/**
 * Decides which requests open a connection: `allowRequest`, the one place where engine.io itself means a new connection, in both
 * transports and after CORS.
 */
export class HandshakeGate implements UpgradeOutcomes {
  readonly #decider: UpgradeDecider;
  readonly #answers = new WeakMap<IncomingMessage, EngineAnswer>();
  readonly #openings = new WeakMap<IncomingMessage, Opening>();

  constructor(private readonly options: HandshakeGateOptions) {
    const { context } = options;
    this.#decider = new UpgradeDecider(context, new Admission(context), this);
  }

  /** The entrance of a connection, once; `undefined` for a connection that came by another way. */
  take(request: IncomingMessage | null | undefined): Entrance | undefined {
    const opening = request ? this.#openings.get(request) : undefined;
    if (request && opening) {
      // The request lives as long as its connection, and would keep the credential.
      this.#openings.delete(request);
    }
    return opening?.take();
  }

  /** Refuses every new connection from now on, and those that are being decided. */
  close(): void {
    this.#decider.close();
  }

  readonly allowRequest: AllowRequest = (request, callback) => {
    const engineRequest = request as EngineRequest;
    if (engineRequest._query['EIO'] !== '4') {
      // Engine.io refuses the revision by itself. If it did not, the connection would have no entrance.
      callback(null, true);
      return;
    }
    const handshake = engineRequest.res ? parseRequest(request) : parseHandshake(request, 0);
    if (handshake instanceof Refusal) {
      this.#refuseMalformed(engineRequest, handshake);
      return;
    }
    try {
      redactQuery(engineRequest, this.#policy.redaction);
      this.#answers.set(request, callback);
      const full = this.#decider.decide(request, request.socket, handshake);
      if (full) {
        answer(engineRequest, full);
      }
    } catch (cause) {
      this.#refuseMalformed(engineRequest, failed(cause));
    }
  };

  accept(upgrade: PendingUpgrade, authenticated: Authenticated): void {
    this.#ask(upgrade, authenticated);
  }

  /** Every connection waits for its CONNECT packet. */
  defer(upgrade: PendingUpgrade): void {
    this.#ask(upgrade, 'defer');
  }

  /** A refusal that the client can read at its CONNECT packet opens the connection. */
  refuse(upgrade: PendingUpgrade, refusal: Refusal): void {
    const { attempt, peer, subject } = upgrade;
    if (attempt.running && !this.#refusesByHttp(refusal, upgrade)) {
      this.#ask(upgrade, refusal);
      return;
    }
    this.options.context.reporter.refused(refusal, peer, 'handshake');
    answer(subject.request as EngineRequest, refusal);
    upgrade.hold();
    upgrade.letGoWhenClosed();
    attempt.settle();
  }

  veto(): undefined {}

  get #policy(): SessionContext['policy'] {
    return this.options.context.policy;
  }

  #refusesByHttp(refusal: Refusal, { subject }: PendingUpgrade): boolean {
    const isMissing = refusal.code === 'ERR_WS_AUTH_CREDENTIAL_REQUIRED';
    return (
      refusesByHttp(this.#policy.rejection, refusal, subject.handshake) &&
      !(isMissing && this.options.hasPublic())
    );
  }

  /** The application may refuse as well. It holds the slot while it decides. */
  #ask(upgrade: PendingUpgrade, decision: Decision): void {
    const { context, theirs } = this.options;
    const { request } = upgrade.subject;
    // Polling closes the socket of this request, and the address is needed later.
    upgrade.peer.identify();
    upgrade.hold();
    if (!upgrade.waits) {
      upgrade.wait(this.#policy.authTimeoutMs);
    }
    const entrance = new Entrance(context, upgrade, decision, this.#decider);
    const opening = new Opening(upgrade, entrance, context.reporter);
    this.#openings.set(request, opening);
    const callback = this.#answers.get(request)!;
    this.#answers.delete(request);
    if (!theirs) {
      opening.open(callback);
      return;
    }
    upgrade.begin();
    askOnce(theirs, request, (error, success) => {
      upgrade.finish();
      if (upgrade.attempt.running && success) {
        opening.open(callback);
      } else if (upgrade.attempt.running) {
        opening.drop();
        callback(error, false);
      }
    });
  }

  #refuseMalformed(request: EngineRequest, refusal: Refusal): void {
    const { reporter, policy } = this.options.context;
    redactRequest(request, policy.redaction);
    const path = parseRequestTarget(request.url ?? '')?.path ?? '';
    const address = clientKey(request, policy.trust);
    reporter.refused(refusal, { path, address }, 'handshake');
    answer(request, refusal);
  }
}
