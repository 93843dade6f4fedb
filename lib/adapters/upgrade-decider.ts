import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Authenticated } from '../authentication/authenticated.js';
import type { Decision, UpgradeSubject } from '../authentication/authenticator.js';
import { failed } from '../authentication/strategy-refusal.js';
import { redactRequest } from '../credentials/redaction.js';
import type { Handshake } from '../protocol/handshake.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import type { Admission } from './admission.js';
import { beforeNextEvent } from './before-next-event.js';
import { contain } from './contain.js';
import { Peer } from './peer.js';
import { PendingUpgrade } from './pending-upgrade.js';
import type { SessionContext } from './session-context.js';

/** What a transport does with the clients that are decided about. */
export interface UpgradeOutcomes {
  /** Accepts a client that has yet to send its first message. */
  defer(upgrade: PendingUpgrade): void;
  /** Accepts a client, settles its attempt, and begins its session. */
  accept(upgrade: PendingUpgrade, authenticated: Authenticated): void;
  /**
   * Refuses a client, reports it, and settles its attempt. The upgrade keeps its slot for as long as the client is connected.
   */
  refuse(upgrade: PendingUpgrade, refusal: Refusal): void;
  /** What may still refuse a client, such as its subprotocols. */
  veto(upgrade: PendingUpgrade): Refusal | undefined;
}

/**
 * Decides about the clients of one server, from the request that opens a connection to the session or the refusal: slot, strategies,
 * deadline, admission. It knows no transport.
 */
export class UpgradeDecider {
  readonly #pending = new Set<PendingUpgrade>();
  #closing = false;

  constructor(
    private readonly context: SessionContext,
    private readonly admission: Admission,
    private readonly outcomes: UpgradeOutcomes,
  ) {}

  get isClosing(): boolean {
    return this.#closing;
  }

  /**
   * Decides about the client of a request, whose credential is redacted in it.
   *
   * @returns the refusal of a client that finds all slots taken, which is reported: then no outcome is called
   */
  decide(request: IncomingMessage, socket: Duplex, handshake: Handshake): Refusal | undefined {
    const { policy, authenticator, reporter } = this.context;
    const peer = new Peer(socket, request, handshake, policy);
    const original = redactRequest(request, policy.redaction);
    const subject = { handshake, request, original, client: peer };
    const upgrade = this.reserve(subject, peer, () => authenticator.presents(subject));
    if (upgrade instanceof Refusal) {
      reporter.refused(upgrade, peer, 'handshake');
      return upgrade;
    }
    this.#begin(upgrade);
    return undefined;
  }

  /**
   * Takes a slot for a client that is about to be judged, or refuses it.
   *
   * @param presents whether the client presents a credential; called only when slots are scarce
   */
  reserve(subject: UpgradeSubject, peer: Peer, presents: () => boolean): PendingUpgrade | Refusal {
    const full =
      this.#closing || this.context.drain.hasBegun
        ? refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN')
        : this.context.budget.take(peer, presents);
    if (full) {
      return full;
    }
    const upgrade = new PendingUpgrade(subject, peer, this.#forget);
    this.#pending.add(upgrade);
    return upgrade;
  }

  /** Refuses the clients that are on their way, and all that come from now on. */
  close(): void {
    this.#closing = true;
    for (const { attempt } of this.#pending) {
      contain('refusing an upgrade', () => {
        attempt.abort(refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN'));
      });
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

  #begin(upgrade: PendingUpgrade): void {
    const { events } = this.context;
    const { peer } = upgrade;
    if (events.has('authenticating')) {
      events.emit('authenticating', { path: peer.path, address: peer.address });
    }
    this.#decide(upgrade);
  }

  #decide(upgrade: PendingUpgrade): void {
    const { subject, attempt } = upgrade;
    const { authenticator } = this.context;
    upgrade.begin();
    const decided = (first: Decision) => {
      upgrade.finish();
      const decision = this.#reconsider(first);
      if (decision === 'defer') {
        this.#watch(upgrade);
      }
      this.#decided(decision, upgrade);
    };
    void authenticator.decide(subject, attempt).then(decided, (cause) => decided(failed(cause)));
    // Strategies that verify a token have decided before the client can leave, and before anybody has to wait.
    beforeNextEvent(() => {
      if (!upgrade.decided) {
        this.#watch(upgrade);
      }
    });
  }

  /** An ambient credential that has been revoked, or has expired meanwhile, counts as none where a first message may follow. */
  #reconsider(decision: Decision): Decision {
    if (decision === 'defer' || decision instanceof Refusal || !decision.mayDefer) {
      return decision;
    }
    if (!this.admission.refuse(decision)?.isUnauthorized) {
      return decision;
    }
    this.admission.release(decision);
    return 'defer';
  }

  /** The client has to wait, and may leave. It keeps its slot until it is answered. */
  #watch(upgrade: PendingUpgrade): void {
    if (upgrade.waits) {
      return;
    }
    upgrade.hold();
    // The kernel forgets the address of a client when it leaves, and a strategy may still run then.
    upgrade.peer.identify();
    upgrade.wait(this.context.policy.authTimeoutMs);
    upgrade.attempt.onAbort(() => this.#aborted(upgrade));
  }

  #aborted(upgrade: PendingUpgrade): void {
    if (!upgrade.decided) {
      this.#end(upgrade, upgrade.attempt.refusal);
      upgrade.letGo();
    }
  }

  /** Application code may throw on the way in, such as a listener of `headers`: that would end the process. */
  #decided(decision: Decision, upgrade: PendingUpgrade): void {
    const { attempt, waits } = upgrade;
    upgrade.decided = true;
    if (!attempt.running) {
      if (decision !== 'defer' && !(decision instanceof Refusal)) {
        this.admission.release(decision);
      }
      // The code that decided synchronously has closed the server as well: the client has no answer yet.
      if (!waits) {
        this.#end(upgrade, attempt.refusal);
      }
      return;
    }
    try {
      this.#carryOut(decision, upgrade);
    } catch (cause) {
      this.#fail(upgrade, cause);
    }
    if (waits) {
      upgrade.letGo();
    }
  }

  #carryOut(decision: Decision, upgrade: PendingUpgrade): void {
    if (decision instanceof Refusal) {
      this.#end(upgrade, decision);
      return;
    }
    const authenticated = decision === 'defer' ? undefined : decision;
    const refusal =
      (authenticated && this.admission.refuse(authenticated)) ?? this.outcomes.veto(upgrade);
    if (!refusal && authenticated) {
      this.outcomes.accept(upgrade, authenticated);
    } else if (!refusal) {
      this.outcomes.defer(upgrade);
    } else {
      if (authenticated) {
        this.admission.release(authenticated);
      }
      this.#end(upgrade, refusal);
    }
  }

  /**
   * Ends an upgrade. Without a refusal the client has left, and no client is left to answer. Deadlines come here from a timer, so
   * that nothing may be thrown.
   */
  #end(upgrade: PendingUpgrade, refusal: Refusal | undefined): void {
    try {
      if (refusal) {
        this.outcomes.refuse(upgrade, refusal);
      } else {
        upgrade.peer.socket.destroy();
      }
    } catch (cause) {
      this.#fail(upgrade, cause);
    }
  }

  /** The 101 may be on its way, so that no HTTP response can follow. */
  #fail({ attempt, peer }: PendingUpgrade, cause: unknown): void {
    attempt.settle();
    peer.socket.destroy();
    this.context.reporter.refused(failed(cause), peer, 'handshake');
  }
}
