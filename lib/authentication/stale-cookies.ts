import { hash } from 'node:crypto';
import type { Credential } from '../credentials/credential.js';
import type { Subject } from './credential-judge.js';

/** Most rejected cookies that are remembered. Each takes about 100 bytes. */
const maxRemembered = 4_096;

/**
 * Cookies that strategies have rejected, by client: sending the same one again is not another guess.
 *
 * A page cannot remove an `HttpOnly` cookie that has expired. It sends it with every connection, although its first message is accepted,
 * and would use up the failed attempts of its address.
 */
export class StaleCookies {
  readonly #seen = new Set<string>();

  /** Whether the cookie was rejected before, from this address. From here on it was. */
  isRepeated({ client, original }: Subject, { content }: Credential): boolean {
    const value = content.scheme === 'Bearer' ? content.token : original.headers.cookie!;
    const key = hash('sha256', `${client.address} ${value}`, 'base64');
    const isRepeated = this.#seen.delete(key);
    this.#seen.add(key);
    if (this.#seen.size > maxRemembered) {
      this.#seen.delete(this.#seen.values().next().value!);
    }
    return isRepeated;
  }
}
