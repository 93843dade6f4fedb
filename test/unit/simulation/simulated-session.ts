import type { SessionLeases } from '../../../lib/cluster/session-leases.js';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import type { LiveSessions } from '../../../lib/sessions/live-sessions.js';
import type { WsAuthSession } from '../../../lib/sessions/session.js';
import type { VirtualTime } from './virtual-time.js';

/** A token or a ticket, with the true instant of its issue by the clock that counts for it, in epoch milliseconds. */
export interface Credential {
  readonly userId: string;
  readonly issuedAt: number;
  readonly info: Readonly<Record<string, unknown>>;
}

/** The client of a session. */
export interface Listener {
  onNotice(): void;
  onEnd(): void;
}

interface Surroundings {
  readonly listener: Listener;
  readonly time: VirtualTime;
  readonly live: LiveSessions;
  readonly leases: SessionLeases | undefined;
}

/** A session without a socket: what `SessionLifecycle` does for the cluster. */
export class SimulatedSession implements LiveSession {
  readonly session: WsAuthSession;
  readonly proof: LiveSession['proof'];
  /** Milliseconds of virtual time. */
  readonly begunAt: number;
  /** Milliseconds of virtual time at which its client received the notice. */
  noticeAt: number | undefined;
  #ended = false;

  constructor(
    { session, proof }: Pick<LiveSession, 'session' | 'proof'>,
    readonly credential: Credential,
    private readonly around: Surroundings,
  ) {
    this.session = session;
    this.proof = proof;
    this.begunAt = around.time.now;
  }

  get isOpen(): boolean {
    return !this.#ended;
  }

  end(): void {
    if (!this.#ended) {
      this.#ended = true;
      const { live, leases, listener } = this.around;
      live.delete(this);
      leases?.release(this.session);
      listener.onEnd();
    }
  }

  leave(): void {
    this.end();
  }

  announceLeaving(): void {
    if (!this.#ended) {
      const { leases, listener, time } = this.around;
      this.noticeAt ??= time.now;
      leases?.release(this.session);
      listener.onNotice();
    }
  }

  refresh(): WsAuthSession {
    return this.session;
  }
}
