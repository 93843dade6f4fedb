import { describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../../lib/adapters/connection.js';
import type { Peer } from '../../../lib/adapters/peer.js';
import type { SessionContext } from '../../../lib/adapters/session-context.js';
import { SessionLifecycle } from '../../../lib/adapters/session-lifecycle.js';
import { WsAuthEvents } from '../../../lib/events/ws-auth-events.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';
import type { EndReason } from '../../../lib/sessions/live-session.js';
import { anonymousProof } from '../../../lib/sessions/proof.js';
import { turns } from '../../support/turns.js';
import { NodeSessions, sessionOf } from '../sessions/live-session-fakes.js';

/** A session of alice that has not begun. */
function makeLife() {
  const { live, ledger } = new NodeSessions();
  const context = {
    policy: resolvePolicy({ strategy: 'jwt' }),
    events: new WsAuthEvents(),
    sessions: live,
    revocations: ledger,
  } as unknown as SessionContext;
  const client: { user?: unknown } = {};
  const ends: EndReason[] = [];
  const connection = {
    clients: [client],
    onClosed: () => undefined,
    end: ({ why }) => ends.push(why),
  } as Partial<Connection> as Connection;
  const authenticated = { session: sessionOf('alice'), proof: anonymousProof };
  const life = new SessionLifecycle(connection, context, {} as Peer, authenticated);
  return { life, live, client, ends, connection, events: context.events };
}

describe('a session', () => {
  it('whose connection has closed before it begins is not registered', () => {
    const { life, live, client } = makeLife();
    life.closed(1006);
    expect(life.begin()).toBe(false);
    expect(live.size).toBe(0);
    expect(client.user).toBeUndefined();
  });

  it('that expires waits for its turn to be closed: thousands may expire in one second', async () => {
    const { life, ends } = makeLife();
    life.begin();
    life.onEnd();
    expect(ends).toEqual([]);
    await turns(1);
    expect(ends).toEqual(['expired']);
  });

  it('that is revoked with thousands of others lets nothing pass before its turn', () => {
    const { life, live, ends } = makeLife();
    life.begin();
    live.noteOver(life, { why: 'revoked' });
    expect(ends).toEqual([]);
    expect(life.isOpen).toBe(false);
    expect(ends).toEqual(['revoked']);
    expect(live.endingOf(life)).toBeUndefined();
  });

  it('that ends while its renewal is acknowledged reports the renewal first', () => {
    const { life, ends, connection, events } = makeLife();
    const seen: string[] = [];
    events.on('reauthenticated', () => seen.push('reauthenticated'));
    events.on('expired', () => seen.push('expired'));
    Object.assign(connection, { send: () => life.end({ why: 'expired' }) });
    life.begin();
    life.renew({ session: sessionOf('alice'), proof: anonymousProof });
    expect(ends).toEqual(['expired']);
    expect(seen).toEqual(['reauthenticated', 'expired']);
  });

  it('that a listener of its renewal ends acknowledges nothing', () => {
    const { life, connection, events } = makeLife();
    const send = vi.fn<() => void>();
    Object.assign(connection, { send });
    events.on('reauthenticated', () => life.end({ why: 'disconnected' }));
    life.begin();
    life.renew({ session: sessionOf('alice'), proof: anonymousProof });
    expect(send).not.toHaveBeenCalled();
  });
});
