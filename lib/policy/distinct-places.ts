import type { WsCredentialExtractor } from '../credentials/extractor.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';

/**
 * Refuses two extractors that read one place: either the second has no effect, so that its strategies are never asked, or every
 * client is refused, since it seems to present two credentials.
 *
 * @throws {WsAuthConfigurationError} that names the place
 */
export function demandDistinctPlaces(
  option: string,
  extractors: readonly WsCredentialExtractor[],
): void {
  const places = extractors.flatMap((extractor) => [...new Set(placesOf(extractor))]);
  const twice = places.find((place, index) => places.indexOf(place) < index);
  if (twice !== undefined) {
    throw new WsAuthConfigurationError(
      `${option}: two extractors read ${twice}, and one of them has no effect; list one of them, and name the strategies in ` +
        "order: { strategy: ['one', 'other'] }",
    );
  }
}

/** What an extractor of this package reads. Those of applications may share places. */
function placesOf({ name, challengeSchemes, redacts }: WsCredentialExtractor): readonly string[] {
  const {
    cookies = [],
    queryParams = [],
    subprotocolPrefixes = [],
    subprotocolsAfter = [],
  } = redacts;
  switch (name) {
    case 'fromAuthorizationHeader':
      return challengeSchemes.map((scheme) => `"Authorization: ${scheme}"`);
    case 'fromCookie':
      return [cookies].flat().map((cookie) => `the cookie "${cookie}"`);
    case 'fromQueryParam':
      return queryParams.map((param) => `the query parameter "${param}"`);
    case 'fromSubprotocol':
      return [...subprotocolPrefixes, ...subprotocolsAfter].map(
        (each) => `the subprotocol "${each}"`,
      );
    case 'fromUserInfo':
      return ['the user information'];
    case 'fromRequest':
      return ['the whole request'];
    default:
      return [];
  }
}
