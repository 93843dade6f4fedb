import { textOf } from './redis-stream.js';

/** How instants are written. Anything else under the key of a revocation revokes. */
const instant = /^-?\d+(?:\.\d+)?(?:e[+-]\d+)?$/;

/** Whether a credential was issued by the instant that is kept. A value that is not an instant revokes. */
export function isLate(value: unknown, issuedAt: number | undefined): boolean {
  if (value === null) {
    return false;
  }
  const text = textOf(value) ?? '';
  return issuedAt === undefined || !instant.test(text) || issuedAt <= Number(text);
}
