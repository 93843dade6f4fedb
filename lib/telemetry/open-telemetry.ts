import {
  context,
  metrics,
  propagation,
  SpanKind,
  trace,
  type Context,
  type Histogram,
  type Meter,
  type MeterProvider,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type {
  WsAuthAttempt,
  WsAuthAuthentication,
  WsAuthGauges,
  WsAuthIncident,
  WsAuthObservation,
  WsAuthTelemetry,
} from '../policy/telemetry.js';
import { Attempts } from './attempts.js';
import { ObservedSpan, type SpanSettings } from './observed-span.js';

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
  readonly #attempts: Attempts;
  readonly #incidents: ReturnType<typeof incidentsOf>;
  readonly #settings: SpanSettings;
  #stopGauges: () => void = () => undefined;

  constructor({ meterProvider, tracerProvider, userIds = false }: OpenTelemetryOptions) {
    this.#tracer = (tracerProvider ?? trace).getTracer(scope);
    this.#meter = (meterProvider ?? metrics).getMeter(scope);
    this.#attempts = Attempts.of(this.#meter);
    this.#incidents = incidentsOf(this.#meter);
    this.#settings = { userIds, duration: durationOf(this.#meter) };
  }

  start(gauges: WsAuthGauges): void {
    this.#stopGauges = observeGauges(this.#meter, gauges);
    // A rate needs a first value: of a counter that begins at 1, the first loss would be none.
    for (const incident of ['expired', 'renewed', 'revoked', 'storeLost'] as const) {
      this.#incidents[incident].add(0);
    }
  }

  stop(): void {
    this.#stopGauges();
  }

  begin({ phase, transport, path, headers }: WsAuthAuthentication): WsAuthObservation {
    const parent = parentFrom(headers);
    const kind = phase === 'reauthentication' ? SpanKind.INTERNAL : SpanKind.SERVER;
    const attributes = { 'url.path': path };
    const span = this.#tracer.startSpan('ws_auth.authenticate', { kind, attributes }, parent);
    // Most are not sampled, and an SDK goes through the attributes of those as well.
    if (span.isRecording()) {
      span.setAttributes({ 'ws_auth.phase': phase, 'ws_auth.transport': transport });
    }
    return new ObservedSpan(span, parent, this.#settings);
  }

  attempted(attempt: WsAuthAttempt): void {
    this.#attempts.add(attempt);
  }

  happened(incident: WsAuthIncident): void {
    this.#incidents[incident].add(1);
  }
}

/** Of the trace that the client is part of. A propagator may throw at what a client sent, which must not keep it out. */
function parentFrom(headers: WsAuthAuthentication['headers']): Context {
  try {
    return propagation.extract(context.active(), headers);
  } catch {
    return context.active();
  }
}

function incidentsOf(meter: Meter) {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(`ws_auth.${name}`, { unit, description });
  return {
    expired: counter('session.expirations', '{session}', 'Sessions that have expired.'),
    renewed: counter('session.renewals', '{session}', 'Renewals of sessions.'),
    revoked: counter('session.revocations', '{session}', 'Sessions that were revoked.'),
    storeLost: counter('store.losses', '{loss}', 'Times that the store has stopped to answer.'),
  };
}

function durationOf(meter: Meter): Histogram {
  return meter.createHistogram('ws_auth.authentication.duration', {
    unit: 's',
    description: 'Time in which a credential is judged.',
    // As for HTTP requests in the semantic conventions.
    advice: {
      explicitBucketBoundaries: [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
      ],
    },
  });
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
