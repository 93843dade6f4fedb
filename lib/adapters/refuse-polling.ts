import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { ContainedLogger } from '../events/contained-logger.js';
import { Refusal } from '../protocol/refusal.js';
import { claimEvent } from './claim-upgrades.js';
import { refuseRequest } from './refuse.js';

/** A server that serves clients over plain HTTP as well, without the upgrade that a session stands in front of. */
interface PollingServer {
  readonly name: string;
  /** What keeps its clients to WebSockets. */
  readonly fix: string;
}

const socketIo: PollingServer = {
  name: 'Socket.IO',
  fix: "set transports: ['websocket'] on its server and on its clients",
};

const sockJs: PollingServer = {
  name: 'SockJS',
  fix: "set transports: ['websocket'] on its clients; a route of your own that ends as its paths do, such as /a/b/eventsource, needs another name",
};

/** What the paths of SockJS end with, after a name for the server and one for the session. */
const sockJsTransports: ReadonlySet<string | undefined> = new Set([
  'xhr',
  'xhr_send',
  'xhr_streaming',
  'eventsource',
  'htmlfile',
  'jsonp',
  'jsonp_send',
]);

/**
 * Refuses polling of Socket.IO and SockJS below paths whose upgrades are protected.
 *
 * @param pathOf the protected path that a request target is below
 * @returns a function that leaves the server as it was
 */
export function refusePolling(
  server: Server,
  pathOf: (url: string) => string | undefined,
): () => void {
  const reported = new Set<PollingServer>();
  const { release } = claimEvent(server, 'request', (request, response) => {
    const { url = '' } = request as IncomingMessage;
    const polled = polledBy(url);
    const path = polled && pathOf(url);
    if (polled === undefined || path === undefined) {
      return false;
    }
    if (!reported.has(polled)) {
      reported.add(polled);
      new ContainedLogger('WsAuth').error(
        `upgrades: a client that polls ${polled.name} below ${path} is refused, since no upgrade authenticates it; ${polled.fix}`,
      );
    }
    refuseRequest(response as ServerResponse, new Refusal('ERR_WS_AUTH_UPGRADE_REQUIRED'));
    return true;
  });
  return release;
}

function polledBy(url: string): PollingServer | undefined {
  return pollsSocketIo(url) ? socketIo : pollsSockJs(url) ? sockJs : undefined;
}

/** Read as engine.io does, which takes the text before a fragment. */
function pollsSocketIo(url: string): boolean {
  const query = url.indexOf('?');
  const { transport } = query < 0 ? {} : parse(url.slice(query + 1));
  return [transport].flat().some((each) => each?.startsWith('polling'));
}

/** SockJS reads the path by `url.parse()`, which takes a backslash for a slash. */
function pollsSockJs(url: string): boolean {
  const segments = url
    .replace(/[?#].*$/s, '')
    .split(/[/\\]+/)
    .filter((segment) => segment !== '');
  return segments.length > 2 && sockJsTransports.has(segments.at(-1));
}
