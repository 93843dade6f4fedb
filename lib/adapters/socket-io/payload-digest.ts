import { hash, randomUUID } from 'node:crypto';

/**
 * Digest of a payload, kept in its place: it is a secret.
 *
 * @returns a text that equals no other for a payload that cannot be written as JSON, such as one that is nested too deeply
 */
export function digestOf(payload: unknown): string {
  try {
    const text = JSON.stringify(payload ?? null);
    return hash('sha256', text, 'base64url');
  } catch {
    return randomUUID();
  }
}
