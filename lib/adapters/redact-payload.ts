import { readToken } from '../credentials/jwt.js';
import { formOfSecret, withoutScheme } from '../passport/secret-places.js';
import type { Proof } from '../sessions/proof.js';

/** What stands where a secret stood. */
export const redacted = 'REDACTED';

/** Names under which payloads hold secrets, whatever strategy reads them; `pid` and `offset` would recover another connection. */
const secretName =
  /token|jwt|bearer|authori[sz]ation|passw|passphrase|secret|credential|cookie|session|ticket|assertion|(?:api|access|private).?key|signature|^(?:pid|offset|key|pin|t?otp|code|pass|pwd|sid|(?:x-)?auth)$/i;

/** Texts that are secrets under every name: a JWT, signed or encrypted, and what stands in an `Authorization` field. */
const secretText = /^(?:eyJ[\w-]+(?:\.[\w-]*){2,4}|(?:[Bb]earer|[Bb]asic|JWT) +\S.*)$/s;

/** Levels of a payload that are looked through. Deeper ones are hidden as a whole. */
const maxDepth = 4;

/** A key that is an own one in JSON, and becomes the prototype where the application copies the payload. */
const prototypeKey = '__proto__';

/** What a session stands on, as far as it is known. */
export type KnownProof = Pick<Proof, 'tokenIds' | 'passwordField'>;

const nothingKnown: KnownProof = { tokenIds: [] };

/**
 * A payload as the application may see it: `handshake.auth` of Socket.IO, `connectionParams` of graphql-ws. Many applications log
 * them, and `fetchSockets()` sends them to all other nodes.
 *
 * @param proof of the session, once there is one: a strategy may read its credential from a field of any name
 */
export function redactPayload(payload: unknown, proof = nothingKnown, depth = 0): unknown {
  if (typeof payload === 'string') {
    return secretText.test(payload) || isTokenOf(proof, payload) ? redacted : payload;
  }
  if (typeof payload !== 'object' || payload === null) {
    return payload;
  }
  if (depth === maxDepth) {
    return redacted;
  }
  if (Array.isArray(payload)) {
    return payload.map((each) => redactPayload(each, proof, depth + 1));
  }
  const fields = Object.entries(payload).filter(([name]) => name !== prototypeKey);
  return Object.fromEntries(
    fields.map(([name, value]) => [
      name,
      secretName.test(name) || name === proof.passwordField
        ? redacted
        : redactPayload(value, proof, depth + 1),
    ]),
  );
}

/** Shorter texts are no tokens, and a payload may hold thousands of them: each digest takes a microsecond. */
function isTokenOf({ tokenIds }: KnownProof, text: string): boolean {
  return (
    tokenIds.length > 0 &&
    formOfSecret(text) !== undefined &&
    tokenIds.includes(readToken(withoutScheme(text)).digest)
  );
}
