import type { IncomingMessage } from 'node:http';
import type { Credential } from '../credentials/credential.js';
import type { Policy } from '../policy/policy.js';
import type { WsAuthOriginDiagnosis } from '../protocol/diagnosis.js';
import { logText } from '../protocol/log-text.js';
import { normalizeOrigin } from '../protocol/origin.js';
import { ownOrigin } from '../policy/proxy-trust.js';
import type { UpgradeSubject } from './authenticator.js';

/**
 * Whether the page that opens a connection may do so with this credential. A predicate of the application that fails refuses.
 *
 * A predicate of the application that answers later is waited for when the attempt is over as well: it holds the slot of its
 * client until it ends.
 */
export async function isOriginAllowed(
  { handshake, request }: Pick<UpgradeSubject, 'handshake' | 'request'>,
  credential: Credential | undefined,
  { origin, trust, readsRequest }: Policy,
): Promise<boolean> {
  const own = () => ownOrigin(request, handshake.host, trust);
  try {
    const allowed: unknown = await origin({
      origin: handshake.origin ?? impliedOrigin(request, own),
      ownOrigin: own,
      // Strategies that read the request themselves may find what a browser attaches, whatever credential was found.
      ambient: readsRequest || credential?.ambient === true,
      cookie: credential?.cookie ?? false,
      request,
    });
    return allowed === true;
  } catch {
    return false;
  }
}

/**
 * The origin of a plain GET without `Origin`: browsers send none with such a request of a page to its own server. They state
 * that in `Sec-Fetch-Site`, which no page can write. A request from another site without `Origin` has the opaque one. Upgrades by browsers
 * always have an `Origin`.
 */
function impliedOrigin(
  { headers }: IncomingMessage,
  own: () => string | undefined,
): string | undefined {
  const site = headers['sec-fetch-site'];
  if (headers.upgrade !== undefined || site === undefined || site === 'none') {
    return undefined;
  }
  return site === 'same-origin' ? own() : 'null';
}

const maxListed = 8;

/** Both sides of a refused origin. Both are origins: what else stands in the field may be anything, and is left out. */
export function originDiagnosis(
  { handshake, request }: UpgradeSubject,
  { allowedOrigins, trust }: Policy,
): WsAuthOriginDiagnosis {
  const { origin: sent = 'none', host } = handshake;
  return {
    sent:
      sent === 'none' || sent === 'null' ? sent : logText(normalizeOrigin(sent) ?? 'unreadable'),
    expected: expectedOrigins(allowedOrigins, () => ownOrigin(request, host, trust)),
  };
}

function expectedOrigins(
  allowed: Policy['allowedOrigins'],
  own: () => string | undefined,
): readonly string[] {
  if (allowed === undefined || allowed === 'same-origin') {
    return [logText(own() ?? 'unreadable')];
  }
  if (typeof allowed === 'function') {
    return ['predicate'];
  }
  const listed = [allowed].flat().map(String);
  return listed.length > maxListed ? [...listed.slice(0, maxListed), '...'] : listed;
}
