import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { readsTokenFromBasic, type WsCredentialExtractor } from '../credentials/extractor.js';
import type { Handshake } from '../protocol/handshake.js';
import type { Refusal } from '../protocol/refusal.js';

/** How a refused upgrade is answered: by an HTTP status, by a 101 and a close frame, or by what the client can read. */
export type WsAuthRejection = 'http' | 'close' | 'auto';

/** The part of a policy that decides whom a 401 must reach. */
interface Challenging {
  readonly extractors: readonly WsCredentialExtractor[];
  readonly optional: boolean;
}

/**
 * Settles how a policy refuses. With `'auto'`, one that needs a Basic challenge refuses by HTTP.
 *
 * @throws {WsAuthConfigurationError} for `'close'` where a browser would wait for a Basic challenge that never comes.
 */
export function settleRejection(
  rejection: WsAuthRejection,
  challenging: Challenging,
): WsAuthRejection {
  if (rejection === 'http' || !needsBasicChallenge(challenging)) {
    return rejection;
  }
  if (rejection === 'close') {
    throw new WsAuthConfigurationError(
      "rejection: 'close' sends no 401, and browsers send the user information of a URL only after one that asks for Basic; " +
        "write rejection: 'auto' or 'http', or read no Basic: leave out fromUserInfo(), and write " +
        "fromAuthorizationHeader({ schemes: ['Bearer'] })",
    );
  }
  return 'http';
}

/**
 * Whether a client without a credential is asked for Basic. Where it may wait for its first message, or be anonymous, it is
 * not asked; only `fromUserInfo()` has no other way to its credential.
 */
function needsBasicChallenge({ extractors, optional }: Challenging): boolean {
  const asks = !optional && extractors.every(({ phase }) => phase !== 'message');
  return extractors.some(
    (extractor) =>
      readsTokenFromBasic(extractor) || (asks && extractor.challengeSchemes.includes('Basic')),
  );
}

/** Whether a refused upgrade is accepted and closed, so that the page can read why. */
export function refusesByCloseFrame(
  rejection: WsAuthRejection,
  refusal: Refusal,
  handshake: Handshake,
): boolean {
  if (rejection === 'http' || refusal.code === 'ERR_WS_AUTH_SHUTTING_DOWN') {
    return false;
  }
  return (
    rejection === 'close' ||
    (handshake.origin !== undefined && !isForTheBrowser(refusal, handshake))
  );
}

/**
 * Whether a connection of Socket.IO is refused by an HTTP status, or at its CONNECT packet. Official clients take an HTTP status for
 * a trouble of the network and try again for ever, so `'auto'` lets them come to CONNECT.
 */
export function refusesByHttp(
  rejection: WsAuthRejection,
  refusal: Refusal,
  handshake: Handshake,
): boolean {
  return (
    rejection === 'http' ||
    refusal.code === 'ERR_WS_AUTH_SHUTTING_DOWN' ||
    (rejection === 'auto' && isForTheBrowser(refusal, handshake))
  );
}

const bearer = /^Bearer(?: |$)/i;
const bearerOrBasic = /^(?:Bearer|Basic) /i;

/**
 * Whether a 401 speaks to the browser rather than to the page: it forgets a Basic password only when that is refused by
 * HTTP, and answers the challenge of a strategy, such as Digest, by itself.
 */
function isForTheBrowser({ isUnauthorized, challenges }: Refusal, { authorization }: Handshake) {
  const sent = (authorization ?? '') !== '' && !bearer.test(authorization!);
  return isUnauthorized && (sent || challenges.some((each) => !bearerOrBasic.test(each)));
}
