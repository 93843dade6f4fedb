import type { Attempt } from '../authentication/attempt.js';
import type { Policy } from '../policy/policy.js';
import { refusedBy } from '../protocol/refusal.js';

/**
 * The messages of a client that come while strategies judge it, in order. A client that sends more than the policy allows is not waited
 * for, and neither are the strategies.
 */
export class EarlyMessages<Message> {
  readonly #limits: Pick<Policy, 'maxQueuedMessages' | 'maxQueuedBytes'>;
  #messages: Message[] = [];
  #bytes = 0;

  constructor(
    limits: Pick<Policy, 'maxQueuedMessages' | 'maxQueuedBytes'>,
    private readonly attempt: Attempt,
  ) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Keeps a message, or aborts the attempt. */
  add(message: Message, bytes: number): void {
    const { maxQueuedMessages, maxQueuedBytes } = this.#limits;
    const isLong = this.#messages.length >= maxQueuedMessages;
    this.#bytes += bytes;
    if (isLong || this.#bytes > maxQueuedBytes) {
      const check = isLong ? 'max-queued-messages' : 'max-queued-bytes';
      this.attempt.abort(refusedBy(check, 'ERR_WS_AUTH_QUEUE_FULL'));
    } else if (this.attempt.running) {
      this.#messages.push(message);
    }
  }

  /** Returns all, and forgets them. */
  take(): readonly Message[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}
