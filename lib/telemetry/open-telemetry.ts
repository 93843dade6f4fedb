import {
  context,
  metrics,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Meter,
  type MeterProvider,
  type Span,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type {
  WsAuthAttempt,
  WsAuthAuthentication,
  WsAuthGauges,
  WsAuthIncident,
  WsAuthTelemetry,
  WsAuthVerdict,
} from '../policy/telemetry.js';

/** Options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Where measurements go.
   *
   * @default the global one
   */
  readonly meterProvider?: MeterProvider;
  /**
   * Where spans go.
   *
   * @default the global one
   */
  readonly tracerProvider?: TracerProvider;
  /**
   * Whether spans name users, as `user.id`. Measurements never do.
   *
   * @default false
   */
  readonly userIds?: boolean;
}

/**
 * Measures and traces authentication with OpenTelemetry: `WsAuthModule.forRoot({ telemetry: openTelemetry() })`.
 *
 * A span for each credential continues the trace of the upgrade request, and is the parent of what strategies and handlers
 * trace. Labels are bounded by the configuration; no credential, address or user is among them.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/ OpenTelemetry semantic conventions}
 * @publicApi
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): WsAuthTelemetry {
  return new OpenTelemetry(options);
}

const scope = 'nestjs-ws-auth';

class OpenTelemetry implements WsAuthTelemetry {
  readonly #tracer: Tracer;
  readonly #meter: Meter;
  readonly #userIds: boolean;
  readonly #count: ReturnType<typeof counters>;
  #stopGauges: () => void = () => undefined;

  constructor({ meterProvider, tracerProvider, userIds = false }: OpenTelemetryOptions) {
    this.#tracer = (tracerProvider ?? trace).getTracer(scope);
    this.#meter = (meterProvider ?? metrics).getMeter(scope);
    this.#userIds = userIds;
    this.#count = counters(this.#meter);
  }

  start(gauges: WsAuthGauges): void {
    this.#stopGauges = observeGauges(this.#meter, gauges);
    // A rate needs a first value: of a counter that begins at 1, the first loss would be none.
    for (const incident of ['expired', 'renewed', 'revoked', 'storeLost'] as const) {
      this.#count[incident].add(0);
    }
  }

  stop(): void {
    this.#stopGauges();
  }

  async around(
    authentication: WsAuthAuthentication,
    run: () => Promise<WsAuthVerdict>,
  ): Promise<void> {
    const { phase, transport, path, headers } = authentication;
    const parent = propagation.extract(context.active(), headers);
    const labels = { 'ws_auth.phase': phase, 'ws_auth.transport': transport };
    const kind = phase === 'reauthentication' ? SpanKind.INTERNAL : SpanKind.SERVER;
    const attributes = { ...labels, 'url.path': path };
    const span = this.#tracer.startSpan('ws_auth.authenticate', { kind, attributes }, parent);
    const startedAt = performance.now();
    try {
      const verdict = await context.with(trace.setSpan(parent, span), run);
      this.#describe(span, verdict);
      const seconds = (performance.now() - startedAt) / 1_000;
      this.#count.duration.record(seconds, { ...labels, ...labelsOf(verdict) });
    } finally {
      span.end();
    }
  }

  attempted({ phase, transport, ...rest }: WsAuthAttempt): void {
    this.#count.attempts.add(1, {
      'ws_auth.phase': phase,
      ...(transport !== undefined && { 'ws_auth.transport': transport }),
      ...labelsOf(rest),
    });
  }

  happened(incident: WsAuthIncident): void {
    this.#count[incident].add(1);
  }

  #describe(span: Span, verdict: WsAuthVerdict): void {
    span.setAttributes(labelsOf(verdict));
    if (this.#userIds && verdict.userId !== undefined) {
      span.setAttribute('user.id', verdict.userId);
    }
    // What a client does wrong is no error of the server.
    if (verdict.isServerError) {
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
}

function labelsOf({
  outcome,
  strategy,
  code,
}: Pick<WsAuthVerdict, 'outcome' | 'strategy' | 'code'>): Attributes {
  return {
    'ws_auth.outcome': outcome,
    ...(strategy !== undefined && { 'ws_auth.strategy': strategy }),
    ...(code !== undefined && { 'error.type': code }),
  };
}

function counters(meter: Meter) {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(`ws_auth.${name}`, { unit, description });
  return {
    attempts: counter('attempts', '{attempt}', 'Attempts to begin or to renew a session.'),
    duration: meter.createHistogram('ws_auth.authentication.duration', {
      unit: 's',
      description: 'Time in which a credential is judged.',
      // As for HTTP requests in the semantic conventions.
      advice: {
        explicitBucketBoundaries: [
          0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
        ],
      },
    }),
    expired: counter('session.expirations', '{session}', 'Sessions that have expired.'),
    renewed: counter('session.renewals', '{session}', 'Renewals of sessions.'),
    revoked: counter('session.revocations', '{session}', 'Sessions that were revoked.'),
    storeLost: counter('store.losses', '{loss}', 'Times that the store has stopped to answer.'),
  };
}

/** Observes what can be measured at any time, and returns the function that ends it. */
function observeGauges(meter: Meter, gauges: WsAuthGauges): () => void {
  const observed = [
    {
      name: 'ws_auth.pending.count',
      unit: '{connection}',
      description: 'Connections that are not authenticated yet.',
      value: () => gauges.pending(),
    },
    {
      name: 'ws_auth.pending.limit',
      unit: '{connection}',
      description: 'How many of them there may be.',
      value: () => gauges.maxPending,
    },
    {
      name: 'ws_auth.session.count',
      unit: '{session}',
      description: 'Live sessions.',
      value: () => gauges.sessions(),
    },
  ].map(({ name, value, ...options }) => {
    const instrument = meter.createObservableUpDownCounter(name, options);
    const observe: Parameters<typeof instrument.addCallback>[0] = (result) =>
      result.observe(value());
    instrument.addCallback(observe);
    return () => instrument.removeCallback(observe);
  });
  return () => observed.forEach((stop) => stop());
}
