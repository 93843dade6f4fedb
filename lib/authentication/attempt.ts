import { runAll } from '../errors/run-all.js';
import type { AbortableAttempt } from '../passport/abortable-attempt.js';
import { Refusal, refusedBy, type RefusalCode } from '../protocol/refusal.js';
import { rememberJudgement, type Judgement } from './judgement.js';

/** What strategies may have taken for a credential. */
export interface TakenFromRequest {
  readonly cookie: boolean;
  /** Anything at all, such as what middleware has made of a header field. */
  readonly any: boolean;
}

/**
 * One connection on its way to a session: its deadline, and what must stop when it ends.
 *
 * It ends exactly once: by {@link settle} when the way is done, or by {@link abort}. The code that waits for a decision sets the
 * deadline: most decisions against a connection are there before anybody has to.
 */
export class Attempt implements AbortableAttempt {
  /** Why the attempt was aborted; `undefined` while it runs, and when the client left. */
  refusal: Refusal | undefined;
  /** Whose credential is judged; only set for telemetry. */
  judgement: Judgement | undefined;
  /** What it is refused with at the deadline: strategies that take too long, unless it waits for the client. */
  deadlineCode: RefusalCode = 'ERR_WS_AUTH_UNAVAILABLE';
  /** The strategy that is asked at present, so that the one that does not answer can be named. */
  asking: string | undefined;
  /** What strategies that read the request by themselves have taken of it; unknown as long as none was asked. */
  taken: TakenFromRequest | undefined;
  /** The refusal of a credential of the handshake that does not keep a first message out. */
  passedOver: Refusal | undefined;
  #state: 'running' | 'settled' | 'aborted' = 'running';
  #callbacks: (() => void)[] | undefined;
  #controller: AbortController | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #onEnd: (() => void) | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Aborts the attempt unless it ends in time. */
  endWithin(timeoutMs: number): void {
    if (this.running) {
      this.#deadline = setTimeout(expire, timeoutMs, this);
      this.#deadline.unref();
    }
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#state === 'aborted') {
      this.#controller.abort();
    }
    return this.#controller.signal;
  }

  onAbort(callback: () => void): void {
    if (this.#state === 'aborted') {
      callback();
    } else {
      (this.#callbacks ??= []).push(callback);
    }
  }

  /** The way is done: a session, or a refusal that was decided without abort. */
  settle(): void {
    this.#end('settled');
  }

  /** Ends the attempt early. Without a refusal, the client is gone and receives no answer. */
  abort(refusal?: Refusal): void {
    if (!this.running) {
      return;
    }
    this.refusal = refusal;
    if (refusal && this.judgement) {
      rememberJudgement(refusal, this.judgement);
    }
    const callbacks = this.#callbacks;
    this.#end('aborted');
    this.#controller?.abort();
    runAll(callbacks ?? []);
  }

  #end(state: 'settled' | 'aborted'): void {
    if (!this.running) {
      return;
    }
    this.#state = state;
    this.#callbacks = undefined;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    const onEnd = this.#onEnd;
    // It knows the upgrade with its credential, and some keep an attempt for longer than that.
    this.#onEnd = undefined;
    onEnd?.();
  }
}

/** What an aborted attempt is refused with. It is not sent when the client has left. */
export function aborted(attempt: Attempt): Refusal {
  return attempt.refusal ?? new Refusal('ERR_WS_AUTH_UNAVAILABLE');
}

function expire(attempt: Attempt): void {
  const { deadlineCode: code, asking } = attempt;
  if (code === 'ERR_WS_AUTH_TIMEOUT') {
    attempt.abort(refusedBy('first-message-deadline', code));
    return;
  }
  const strategies = asking === undefined ? [] : [{ strategy: asking, answer: 'no-answer' }];
  attempt.abort(refusedBy('deadline', code, { strategies }));
}
