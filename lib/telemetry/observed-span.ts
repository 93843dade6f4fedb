import {
  context,
  isSpanContextValid,
  SpanStatusCode,
  trace,
  type Context,
  type Histogram,
  type Span,
} from '@opentelemetry/api';
import type { WsAuthObservation, WsAuthVerdict } from '../policy/telemetry.js';
import { durationLabelsOf, labelsOf } from './labels.js';

/** What the spans of an application share. */
interface SpanSettings {
  /** In seconds. */
  readonly duration: Histogram;
  /** Whether spans name users. */
  readonly userIds: boolean;
}

/** One authentication: its span, and how long it takes. */
export class ObservedSpan implements WsAuthObservation {
  readonly #startedAt = performance.now();

  constructor(
    private readonly span: Span,
    private readonly parent: Context,
    private readonly settings: SpanSettings,
  ) {}

  /** Also a span that is not sampled has a context: what is traced below must not be sampled either. */
  within<Result>(run: () => Result): Result {
    const { span, parent } = this;
    return isSpanContextValid(span.spanContext())
      ? context.with(trace.setSpan(parent, span), run)
      : run();
  }

  end(verdict: WsAuthVerdict): void {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    this.settings.duration.record(seconds, durationLabelsOf(verdict));
    if (this.span.isRecording()) {
      this.#describe(verdict);
    }
    this.span.end();
  }

  #describe(verdict: WsAuthVerdict): void {
    const { userId, isServerError } = verdict;
    this.span.setAttributes(labelsOf(verdict));
    if (this.settings.userIds && userId !== undefined) {
      this.span.setAttribute('user.id', userId);
    }
    // A fault of the client does not count as an error of the server.
    if (isServerError) {
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
}
