import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { ContainedLogger } from '../events/contained-logger.js';
import { Refusal } from '../protocol/refusal.js';
import { claimEvent } from './claim-upgrades.js';
import { refuseRequest } from './refuse.js';

/**
 * Refuses polling of Socket.IO below paths whose upgrades are protected. A server of Socket.IO serves clients that poll it
 * over plain HTTP, without the upgrade that a session stands in front of.
 *
 * @param pathOf the protected path that a request target is below
 * @returns a function that leaves the server as it was
 */
export function refusePolling(
  server: Server,
  pathOf: (url: string) => string | undefined,
): () => void {
  let isReported = false;
  const { release } = claimEvent(server, 'request', (request, response) => {
    const { url = '' } = request as IncomingMessage;
    const path = isPolling(url) ? pathOf(url) : undefined;
    if (path === undefined) {
      return false;
    }
    if (!isReported) {
      isReported = true;
      new ContainedLogger('WsAuth').error(
        `upgrades: a client that polls Socket.IO below ${path} is refused, since no upgrade authenticates it; set ` +
          "transports: ['websocket'] on its server and on its clients",
      );
    }
    refuseRequest(response as ServerResponse, new Refusal('ERR_WS_AUTH_UPGRADE_REQUIRED'));
    return true;
  });
  return release;
}

/** Read as engine.io does, which takes the text before a fragment. */
function isPolling(url: string): boolean {
  const query = url.indexOf('?');
  const { transport } = query < 0 ? {} : parse(url.slice(query + 1));
  return [transport].flat().some((each) => each?.startsWith('polling'));
}
