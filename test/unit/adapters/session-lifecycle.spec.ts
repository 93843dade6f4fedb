import { expect, it } from 'vitest';
import type { Connection } from '../../../lib/adapters/connection.js';
import type { Peer } from '../../../lib/adapters/peer.js';
import type { SessionContext } from '../../../lib/adapters/session-context.js';
import { SessionLifecycle } from '../../../lib/adapters/session-lifecycle.js';
import { WsAuthEvents } from '../../../lib/events/ws-auth-events.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';
import { anonymousProof } from '../../../lib/sessions/proof.js';
import { NodeSessions, sessionOf } from '../sessions/live-session-fakes.js';

it('a session whose connection has closed before it begins is not registered', () => {
  const { live, ledger } = new NodeSessions();
  const context = {
    policy: resolvePolicy({ strategy: 'jwt' }),
    events: new WsAuthEvents(),
    sessions: live,
    revocations: ledger,
  } as unknown as SessionContext;
  const client: { user?: unknown } = {};
  const connection = { clients: [client] } as unknown as Connection;
  const authenticated = { session: sessionOf('alice'), proof: anonymousProof };
  const life = new SessionLifecycle(connection, context, {} as Peer, authenticated);
  life.closed(1006);
  expect(life.begin()).toBe(false);
  expect(live.size).toBe(0);
  expect(client.user).toBeUndefined();
});
