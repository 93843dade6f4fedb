import type { RawData } from 'ws';
import type { Attempt } from '../../authentication/attempt.js';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Credential } from '../../credentials/credential.js';
import type { Policy } from '../../policy/policy.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { logFault } from '../contain.js';
import { EarlyMessages } from '../early-messages.js';
import type { CloseArgs, Gate, GatedWebSocket } from './gate.js';
import { deliver, type QueuedMessage } from './held-messages.js';
import { setReceiverLimits } from './internals/receiver-limits.js';

/** Codes of `ws` for a message that is too large, or in too many pieces. */
const exceedsBounds: ReadonlySet<string> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
]);

/** What a pending connection needs of the rest. */
export interface PendingContext {
  readonly policy: Policy;
  readonly attempt: Attempt;
  /** Has strategies judge the first message, and calls back unless the attempt has ended. */
  judge(credential: Credential, decided: (result: Authenticated | Refusal) => void): Promise<void>;
  /** Called once, when the client is authenticated; messages are replayed after it. */
  open(authenticated: Authenticated): void;
  refuse(client: GatedWebSocket, refusal: Refusal): void;
}

/**
 * The gate of a socket that is accepted and not yet authenticated: the first message is judged, the rest is kept in
 * order, and the gateway sees none of it before there is a session.
 */
export class PendingGate implements Gate {
  readonly sends = false;
  readonly maxBufferedBytes = 0;
  #judging = false;
  readonly #early: EarlyMessages<QueuedMessage>;
  #close: CloseArgs | undefined;

  constructor(private readonly context: PendingContext) {
    this.#early = new EarlyMessages(context.policy, context.attempt);
  }

  admits(client: GatedWebSocket, data: RawData, isBinary: boolean): boolean {
    if (this.#judging) {
      this.#early.add({ data, isBinary }, (data as Buffer).length);
    } else {
      this.#judging = true;
      this.#judge(client, data as Buffer, isBinary);
    }
    return false;
  }

  /**
   * A client may authenticate, send and leave without waiting: what it has sent is handled if it is authenticated, and the gateway
   * learns of the end after that. Without messages there is nothing left to authenticate for.
   */
  keepsClose(_client: GatedWebSocket, close: CloseArgs): boolean {
    const { attempt } = this.context;
    if (!attempt.running || this.#early.isEmpty) {
      attempt.abort();
      return false;
    }
    this.#close = close;
    return true;
  }

  /** Ends the wait: nothing was sent in time, or too much, the strategies took too long, or the client has left. */
  abort(client: GatedWebSocket): void {
    const { refusal } = this.context.attempt;
    this.#early.take();
    if (refusal) {
      this.context.refuse(client, refusal);
    }
    this.#emitClose(client);
  }

  /** `ws` closes a client whose message exceeds the bounds of its receiver. The refusal has to reach the log all the same. */
  failed({ code }: Error & { readonly code?: unknown }): void {
    if (typeof code === 'string' && exceedsBounds.has(code)) {
      this.context.attempt.abort(
        this.#judging
          ? refusedBy('max-queued-bytes', 'ERR_WS_AUTH_QUEUE_FULL')
          : refusedBy('size', 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE'),
      );
    }
  }

  get #policy(): Policy {
    return this.context.policy;
  }

  #judge(client: GatedWebSocket, data: Buffer, isBinary: boolean): void {
    const credential = this.#read(data, isBinary);
    if (credential instanceof Refusal) {
      this.#refuse(client, credential);
      return;
    }
    client.pause();
    setReceiverLimits(client, {
      maxPayload: Math.max(1, this.#policy.maxQueuedBytes),
      maxFragments: 1_024,
    });
    // Always later: `ws` is in the middle of this message, which gateways are not to see.
    const decided = (result: Authenticated | Refusal) => this.#carryOut(client, result);
    this.context.judge(credential, decided).catch((cause: unknown) => this.#fail(client, cause));
  }

  #carryOut(client: GatedWebSocket, result: Authenticated | Refusal): void {
    if (result instanceof Refusal) {
      this.#refuse(client, result);
    } else {
      this.#open(client, result);
    }
  }

  /** A rejection here would have no handler. */
  #fail(client: GatedWebSocket, cause: unknown): void {
    logFault('opening a session', cause);
    this.context.attempt.settle();
    client.terminate();
    this.#emitClose(client);
  }

  #read(data: Buffer, isBinary: boolean): Credential | Refusal {
    const { firstMessage, limits, events } = this.#policy;
    if (isBinary || !firstMessage) {
      return refusedBy('binary', 'ERR_WS_AUTH_UNSUPPORTED_DATA');
    }
    return firstMessage.read(data.toString(), events.authenticate, limits);
  }

  #refuse(client: GatedWebSocket, refusal: Refusal): void {
    this.#early.take();
    this.context.attempt.settle();
    this.context.refuse(client, refusal);
    this.#emitClose(client);
  }

  #open(client: GatedWebSocket, authenticated: Authenticated): void {
    this.context.attempt.settle();
    // Before the application sees the client, so that a `pause()` in `handleConnection` holds. Nothing is read in this turn.
    client.resume();
    this.context.open(authenticated);
    deliver(client, this.#early.take());
    // Nest starts handlers by promises. They have begun, as on a socket that closes after its last message.
    setImmediate(() => this.#emitClose(client));
  }

  #emitClose(client: GatedWebSocket): void {
    if (this.#close) {
      client.emit('close', ...this.#close);
    }
  }
}
