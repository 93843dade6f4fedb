import { createSecretKey, randomBytes } from 'node:crypto';

/**
 * Signs and verifies every token. It is random and never leaves the process, so clients
 * cannot forge tokens, and a restart ends them all.
 *
 * It is a `KeyObject` and not a string: `jsonwebtoken` would build a new `KeyObject` from a string
 * on each verification, which costs more than the verification itself.
 */
export const tokenKey = createSecretKey(randomBytes(32));
