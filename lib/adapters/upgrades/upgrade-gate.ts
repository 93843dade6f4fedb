import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Decision } from '../../authentication/authenticator.js';
import { failed, orFailed } from '../../authentication/strategy-refusal.js';
import { redactRequest } from '../../credentials/redaction.js';
import { isThenable } from '../../passport/maybe-promise.js';
import type { Handshake } from '../../protocol/handshake.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { Admission } from '../admission.js';
import { contain, logFault } from '../contain.js';
import { Peer } from '../peer.js';
import { PendingUpgrade } from '../pending-upgrade.js';
import { refuseUpgrade } from '../refuse.js';
import type { SessionContext } from '../session-context.js';

/** Receives the upgrades that are not refused: with a session to begin, or to wait for the first message. */
export type OnAdmitted = (upgrade: PendingUpgrade, decision: Authenticated | 'defer') => void;

/**
 * Decides the upgrades of one path whose connections belong to another server. It refuses by HTTP, before the other server sees
 * anything, and ends where the other server begins.
 */
export class UpgradeGate {
  readonly admission: Admission;
  readonly #pending = new Set<PendingUpgrade>();
  #closing = false;

  constructor(
    private readonly context: SessionContext,
    private readonly onAdmitted: OnAdmitted,
  ) {
    this.admission = new Admission(context);
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  upgrade(request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    const { policy, budget, authenticator, events, reporter } = this.context;
    const peer = new Peer(socket, request, handshake, policy.trust);
    const original = redactRequest(request, policy.redaction);
    const subject = { handshake, request, original, client: peer };
    const full = this.#closing
      ? shuttingDown()
      : budget.take(peer, () => authenticator.presents(subject));
    if (full) {
      reporter.refused(full, peer, 'handshake');
      refuseUpgrade(socket, full);
      return;
    }
    const upgrade = new PendingUpgrade(subject, peer, this.#forget);
    this.#pending.add(upgrade);
    if (events.has('authenticating')) {
      events.emit('authenticating', { path: peer.path, address: peer.address });
    }
    this.#decide(upgrade);
  }

  /** Refuses what is on its way, and everything that comes later. */
  close(): void {
    this.#closing = true;
    for (const { attempt } of this.#pending) {
      contain('refusing an upgrade', () => attempt.abort(shuttingDown()));
    }
  }

  /** A strategy that has outlived its client keeps the slot until it ends. */
  readonly #forget = (ended: PendingUpgrade): void => {
    const { budget } = this.context;
    this.#pending.delete(ended);
    if (ended.isBusy) {
      ended.onIdle(budget.abandon(ended.peer));
    } else {
      budget.release(ended.peer);
    }
  };

  #decide(upgrade: PendingUpgrade): void {
    const { subject, attempt } = upgrade;
    const decision = orFailed(() => this.context.authenticator.decide(subject, attempt));
    if (!isThenable(decision)) {
      this.#decided(decision, upgrade);
      return;
    }
    upgrade.identifyUnlessDecided();
    upgrade.begin();
    this.#watch(upgrade);
    const decided = (late: Decision) => {
      const { running } = upgrade.attempt;
      upgrade.finish();
      this.#decided(late, upgrade);
      if (running) {
        upgrade.letGo();
      }
    };
    void decision.then(decided, (cause) => decided(failed(cause)));
  }

  /** The client has to wait, and may leave. It keeps its slot until it is answered. */
  #watch(upgrade: PendingUpgrade): void {
    upgrade.hold();
    upgrade.wait(this.context.policy.authTimeoutMs);
    upgrade.attempt.onAbort(() => {
      if (!upgrade.decided) {
        this.#refuse(upgrade, upgrade.attempt.refusal);
        upgrade.letGo();
      }
    });
  }

  #decided(made: Decision, upgrade: PendingUpgrade): void {
    const { attempt, waits } = upgrade;
    const decision = this.#reconsider(made);
    upgrade.decided = true;
    if (!attempt.running) {
      this.#abandon(decision);
      // The code that decided synchronously has closed the server as well: the client has no answer yet.
      if (!waits) {
        this.#refuse(upgrade, attempt.refusal);
      }
      return;
    }
    const refusal = decision instanceof Refusal ? decision : this.#unfit(decision);
    if (decision instanceof Refusal || refusal) {
      this.#abandon(decision);
      this.#refuse(upgrade, refusal);
      attempt.settle();
    } else {
      this.#admit(upgrade, decision);
    }
  }

  /** An ambient credential that has been revoked, or has expired meanwhile, counts as none where a first message may follow. */
  #reconsider(decision: Decision): Decision {
    if (decision === 'defer' || decision instanceof Refusal || !decision.mayDefer) {
      return decision;
    }
    if (this.admission.refuse(decision)?.httpStatus !== 401) {
      return decision;
    }
    this.#abandon(decision);
    return 'defer';
  }

  #unfit(decision: Authenticated | 'defer'): Refusal | undefined {
    return decision === 'defer' ? undefined : this.admission.refuse(decision);
  }

  #abandon(decision: Decision): void {
    if (decision !== 'defer' && !(decision instanceof Refusal)) {
      this.admission.release(decision);
    }
  }

  /** The other server runs from here on: what it throws must not end the process, and concerns this client alone. */
  #admit(upgrade: PendingUpgrade, decision: Authenticated | 'defer'): void {
    const { attempt, peer } = upgrade;
    try {
      this.onAdmitted(upgrade, decision);
    } catch (cause) {
      attempt.settle();
      peer.socket.destroy();
      logFault('a listener of "upgrade"', cause);
    }
  }

  /** Without a refusal the client has left, and no client is left to answer. */
  #refuse(upgrade: PendingUpgrade, refusal: Refusal | undefined): void {
    const { socket } = upgrade.peer;
    if (!refusal) {
      socket.destroy();
      return;
    }
    this.context.reporter.refused(refusal, upgrade.peer, 'handshake');
    refuseUpgrade(socket, refusal);
    if (!socket.destroyed) {
      upgrade.hold();
      upgrade.letGoWhenClosed();
    }
  }
}

function shuttingDown(): Refusal {
  return refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN');
}
