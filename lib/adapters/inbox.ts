import { renewalCredentialOf } from '../authentication/renewal-credential.js';
import type { Authenticated } from '../authentication/authenticated.js';
import { jsonOf } from '../protocol/message.js';
import type { Refusal } from '../protocol/refusal.js';
import { EarlyMessages } from './early-messages.js';
import type { FirstMessageJudge } from './first-message-judge.js';
import type { PendingUpgrade } from './pending-upgrade.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import { maxHeldBytes, waitingMessageBytes } from './waiting-message-bytes.js';

/** A message in Nest's form. */
export interface InboxMessage {
  readonly event: string;
  readonly data?: unknown;
}

/**
 * The messages of one client in Nest's form, in order: the first one is judged, those behind it wait, and then each is handled while
 * the session lives. For transports that read their messages by themselves; it knows no transport.
 */
export class Inbox {
  /** Takes messages before the session, and while hooks of the connection run. */
  #keep: ((message: InboxMessage) => void) | undefined;
  #life: SessionLifecycle | undefined;
  #onDropped: () => void = () => undefined;

  /** @param dispatch hands a message to the handlers */
  constructor(private readonly dispatch: (message: InboxMessage) => void) {}

  /** Present from the begin of the session. */
  get life(): SessionLifecycle | undefined {
    return this.#life;
  }

  /** Takes a message of the client. */
  receive(message: InboxMessage): void {
    const life = this.#life;
    if (life && !life.isOpen) {
      return;
    }
    if (life && message.event === life.context.policy.events.authenticate) {
      const { policy } = life.context;
      life.authenticate(() => renewalCredentialOf(message.data, policy, life.renewedBy));
    } else if (this.#keep) {
      this.#keep(message);
    } else if (life) {
      life.within(() => this.dispatch(message));
    }
  }

  /**
   * Has the next message judged, and receives those that have come meanwhile after the decision.
   *
   * @param decided begins the session, or refuses the client
   */
  awaitFirst(
    upgrade: PendingUpgrade,
    judge: FirstMessageJudge,
    decided: (result: Authenticated | Refusal) => void,
  ): void {
    this.#keep = (first) => {
      const early = new EarlyMessages<InboxMessage>(judge.policy, upgrade.attempt);
      this.#keep = (message) => early.add(message, sizeOf(message));
      void judge.judgeText(upgrade, jsonOf(first) ?? '', (result) => {
        this.#keep = undefined;
        decided(result);
        early.take().forEach((message) => this.receive(message));
      });
    };
  }

  /** The session is about to begin. */
  begin(life: SessionLifecycle): void {
    this.#keep = undefined;
    this.#life = life;
  }

  /**
   * Keeps the messages of a client from handlers while hooks of its connection run: `holdClient` of a platform. A client that sends too
   * much meanwhile is closed.
   *
   * @returns a function that has them handled
   */
  hold(onDropped: () => void): () => void {
    const messages: InboxMessage[] = [];
    let bytes = 0;
    this.#onDropped = onDropped;
    this.#keep = (message) => {
      bytes += sizeOf(message) + waitingMessageBytes;
      if (messages.length > 0 && bytes > maxHeldBytes) {
        messages.length = 0;
        this.#life?.end({ why: 'failed' });
      } else {
        messages.push(message);
      }
    };
    return () => {
      this.#keep = undefined;
      messages.forEach((message) => this.receive(message));
    };
  }

  /** The connection ends. */
  drop(): void {
    this.#onDropped();
  }
}

function sizeOf(message: InboxMessage): number {
  return jsonOf(message)?.length ?? Number.POSITIVE_INFINITY;
}
