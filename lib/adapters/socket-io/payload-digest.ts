import { hash, randomUUID } from 'node:crypto';
import { jsonOf } from '../../protocol/message.js';

/** Payload of a CONNECT packet. */
export type Payload = Record<string, unknown> | undefined;

/**
 * Digest of a payload, kept in its place: it is a secret.
 *
 * @returns a text that equals no other for a payload that cannot be written as JSON, such as one that is nested too deeply
 */
export function digestOf(payload: unknown): string {
  const text = jsonOf(payload ?? null);
  return text === undefined ? randomUUID() : hash('sha256', text, 'base64url');
}

/** Knows the payload of the CONNECT packet that was accepted last. */
export class AcceptedPayload {
  #digest = '';

  /** Whether a payload presents no other credential. */
  knows(payload: Payload): boolean {
    return payload?.['token'] === undefined || this.#digest === digestOf(payload);
  }

  remember(payload: Payload): void {
    this.#digest = digestOf(payload);
  }
}
