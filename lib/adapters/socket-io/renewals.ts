import type { Authenticated } from '../../authentication/authenticated.js';
import { renewalCredentialOf } from '../../authentication/renewal-credential.js';
import { Refusal } from '../../protocol/refusal.js';
import type { WsAuthSession } from '../../sessions/session.js';
import type { Peer } from '../peer.js';
import { Reauthentication, type Renewable } from '../reauthentication.js';
import type { SessionContext } from '../session-context.js';
import type { SessionLifecycle } from '../session-lifecycle.js';

/** What became of an attempt; `undefined` if the session has ended meanwhile. */
export type Renewed = WsAuthSession | Refusal | undefined;

/** Renewals of the session of one connection, one after another. The caller decides what a refusal ends. */
export class Renewals implements Renewable {
  readonly #reauthentication = new Reauthentication(this);
  #resolve: (renewed: Renewed) => void = () => undefined;

  constructor(private readonly life: SessionLifecycle) {}

  get context(): SessionContext {
    return this.life.context;
  }

  get peer(): Peer {
    return this.life.peer;
  }

  get session(): WsAuthSession {
    return this.life.session;
  }

  get renewedBy(): readonly string[] {
    return this.life.renewedBy;
  }

  /** Judges the payload of a client. */
  attempt(data: unknown): Promise<Renewed> {
    const { policy } = this.context;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#reauthentication.attempt(() => renewalCredentialOf(data, policy, this.renewedBy));
    });
  }

  renew(next: Authenticated): WsAuthSession | Refusal {
    const renewed = this.life.renew(next);
    if (!(renewed instanceof Refusal)) {
      this.#resolve(renewed);
    }
    return renewed;
  }

  refuse(refusal: Refusal): void {
    this.#resolve(refusal);
  }

  stop(): void {
    this.#reauthentication.stop();
    this.#resolve(undefined);
  }
}
