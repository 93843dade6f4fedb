import type { WsAuthOriginDiagnosis } from './diagnosis.js';
import { fixes } from './fixes.js';

/** What to do where no origin was sent, or what was sent is not the origin of a page. */
const ofSent: ReadonlyMap<string, string> = new Map([
  [
    'none',
    'the client sent no Origin, as programs do, which a cookie needs: set Origin to one of expected, or send the token in another place than a cookie',
  ],
  [
    'null',
    'the origin null is that of a sandboxed frame, a file or a data URL: serve the page over https, or send the token in another place than a cookie',
  ],
  [
    'unreadable',
    'what the client sent as Origin is not one: send scheme://host[:port], without a path and without a slash at the end',
  ],
]);

/**
 * What to do about a refused origin, by what was sent and what was expected.
 *
 * @returns the name of the cause, and the text
 */
export function originFix({ sent, expected }: WsAuthOriginDiagnosis): { of: string; text: string } {
  const text = ofSent.get(sent);
  if (text !== undefined) {
    return { of: `origin ${sent}`, text };
  }
  if (expected.includes('predicate')) {
    return {
      of: 'origin predicate',
      text: 'the function in allowedOrigins has to return true for the origin of the page, or a promise of true',
    };
  }
  if (expected.some((each) => each !== sent && hostOf(each) === hostOf(sent))) {
    return {
      of: 'origin scheme',
      text: 'the page and the gateway have one host and two schemes: set trustProxy if a proxy ends TLS, or correct the scheme in allowedOrigins',
    };
  }
  return { of: 'origin', text: fixes['origin']! };
}

/** Host and port of an origin: what follows the scheme. */
function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('://') + 1);
}
