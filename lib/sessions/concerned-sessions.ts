import type { StoredRevocation } from '../store/ws-auth-store.js';
import type { LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';
import { wasIssuedBefore } from './revocation-target.js';

/** Sessions that a revocation ends. Unless it is one of everybody, its cost does not depend on how many others there are. */
export function concernedSessions(
  live: LiveSessions,
  { kind, id, before }: StoredRevocation,
  clockToleranceMs: number,
): readonly LiveSession[] {
  const isOlder = (each: LiveSession) => wasIssuedBefore(each, before, clockToleranceMs);
  switch (kind) {
    case 'disconnectUser':
      return live.ofUser(id);
    case 'user':
      return live.ofUser(id).filter(isOlder);
    case 'everybody':
      return live.all().filter(isOlder);
    case 'token':
      return live.ofToken(id);
    case 'session':
    case 'replaced':
    case 'disconnectSession':
      return live.named([id]);
  }
}
