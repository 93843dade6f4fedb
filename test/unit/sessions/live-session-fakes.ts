import type { Ending, LiveSession } from '../../../lib/sessions/live-session.js';
import { anonymousProof, type Proof } from '../../../lib/sessions/proof.js';
import { WsAuthSession } from '../../../lib/sessions/session.js';
import { LiveSessions } from '../../../lib/sessions/live-sessions.js';
import { RevocationLedger } from '../../../lib/sessions/revocation-ledger.js';
import { ClusterSessions } from '../../../lib/sessions/cluster-sessions.js';
import { SessionDrain } from '../../../lib/sessions/session-drain.js';
import { WsAuthSessions } from '../../../lib/sessions/ws-auth-sessions.service.js';

/** The sessions of one node, with what lies behind them. */
export class NodeSessions extends WsAuthSessions {
  constructor(
    readonly live = new LiveSessions(),
    readonly ledger = new RevocationLedger(live),
  ) {
    super(live, {
      ledger,
      drain: new SessionDrain(live, () => undefined),
      cluster: new ClusterSessions(),
    });
  }
}

/** The names of a proof that stands on a token, or on none. */
export function named(tokenId?: string): Pick<Proof, 'tokenIds' | 'ownTokenIds'> {
  const tokenIds = tokenId === undefined ? [] : [tokenId];
  return { tokenIds, ownTokenIds: tokenIds };
}

/** A session of a user, or of a client that is not known by a key. */
export function sessionOf(userId: string | undefined, user: object = {}): WsAuthSession {
  return new WsAuthSession({
    user,
    userId,
    info: undefined,
    strategy: 'jwt',
    extractor: 'fromAuthorizationHeader',
    transport: 'ws',
    authenticatedAt: Date.now(),
    expiresAt: undefined,
  });
}

/** A session without a socket. It counts how often its proof is looked at. */
export class FakeSession implements LiveSession {
  readonly session: WsAuthSession;
  readonly endings: Ending[] = [];
  readonly notices: number[] = [];
  looks = 0;
  #proof: Proof;

  constructor(
    private readonly node: NodeSessions,
    userId: string | undefined,
    proof: Partial<Proof>,
  ) {
    this.session = sessionOf(userId);
    this.#proof = { ...anonymousProof, ...proof };
    node.live.add(this);
    this.looks = 0;
  }

  get proof(): Proof {
    this.looks += 1;
    return this.#proof;
  }

  /** Stands on another token from now on. */
  renewTo(proof: Partial<Proof>): void {
    const former = this.#proof;
    this.#proof = { ...former, ...proof };
    this.node.live.renewed(this, former);
  }

  end(ending: Ending): void {
    this.endings.push(ending);
    this.node.live.delete(this);
  }

  announceLeaving(closesInMs: number): void {
    this.notices.push(closesInMs);
  }

  leave(): void {
    this.end({ why: 'shutdown' });
  }

  refresh(): WsAuthSession {
    return this.session;
  }
}

/** Has clients answer the close frames of their sessions some time later, as over a network. */
export function closeSlowly(live: LiveSessions): void {
  for (const each of live.all()) {
    const leave = each.leave.bind(each);
    each.leave = () => void setTimeout(leave, 100);
  }
}
