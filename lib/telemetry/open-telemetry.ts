import {
  context,
  createNoopMeter,
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
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkOptions, type RowsOf, type Settings } from '../policy/check-options.js';
import { custom, flag } from '../policy/option-rows.js';
import type {
  WsAuthAttempt,
  WsAuthAuthentication,
  WsAuthGauges,
  WsAuthIncident,
  WsAuthObservation,
  WsAuthTelemetry,
} from '../policy/telemetry.js';
import { Attempts } from './attempts.js';
import { ObservedSpan } from './observed-span.js';

/** Options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Where measurements go.
   *
   * @default the global one, when the application begins
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
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 * @see {@link https://opentelemetry.io/docs/specs/semconv/ OpenTelemetry semantic conventions}
 * @example
 * ```ts
 * WsAuthModule.forRoot({ strategy: 'jwt', telemetry: openTelemetry() });
 * ```
 * @publicApi
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): WsAuthTelemetry {
  return new OpenTelemetry(checkOptions(telemetryOptions, options, 'openTelemetry'));
}

const telemetryOptions = {
  meterProvider: custom((name, value) => checkProvider<MeterProvider>(name, 'getMeter', value)),
  tracerProvider: custom((name, value) => checkProvider<TracerProvider>(name, 'getTracer', value)),
  userIds: flag(false),
} satisfies RowsOf<OpenTelemetryOptions>;

function checkProvider<Provider extends object>(
  name: string,
  method: keyof Provider & string,
  value: unknown,
): Provider {
  const provider = value as Partial<Provider> | null | undefined;
  if (typeof provider?.[method] !== 'function') {
    throw new WsAuthConfigurationError(`${name}: expected a provider with ${method}()`);
  }
  return provider as Provider;
}

const scope = 'nestjs-ws-auth';

class OpenTelemetry implements WsAuthTelemetry {
  readonly #tracer: Tracer;
  readonly #options: Settings<typeof telemetryOptions>;
  #instruments = instrumentsOf(createNoopMeter());
  #stopGauges: () => void = () => undefined;

  constructor(options: Settings<typeof telemetryOptions>) {
    this.#tracer = (options.tracerProvider ?? trace).getTracer(scope);
    this.#options = options;
  }

  /** Only now is there a meter: this is made when a module is imported, and a global one is dead if the SDK begins later. */
  start(gauges: WsAuthGauges): void {
    const meter = (this.#options.meterProvider ?? metrics).getMeter(scope);
    this.#instruments = instrumentsOf(meter);
    this.#stopGauges = observeGauges(meter, gauges);
    // A rate needs a first value: of a counter that begins at 1, the first loss would be none.
    for (const incident of ['expired', 'renewed', 'revoked', 'storeLost'] as const) {
      this.#instruments.incidents[incident].add(0);
    }
  }

  stop(): void {
    this.#stopGauges();
  }

  begin({ phase, extractor, path, headers }: WsAuthAuthentication): WsAuthObservation {
    const parent = parentFrom(headers);
    const kind = phase === 'reauthentication' ? SpanKind.INTERNAL : SpanKind.SERVER;
    const attributes = { 'url.path': path };
    const span = this.#tracer.startSpan('ws_auth.authenticate', { kind, attributes }, parent);
    // Most are not sampled, and an SDK goes through the attributes of those as well.
    if (span.isRecording()) {
      span.setAttributes({ 'ws_auth.phase': phase, 'ws_auth.extractor': extractor });
    }
    const { userIds } = this.#options;
    return new ObservedSpan(span, parent, { userIds, duration: this.#instruments.duration });
  }

  attempted(attempt: WsAuthAttempt): void {
    this.#instruments.attempts.add(attempt);
  }

  happened(incident: WsAuthIncident): void {
    this.#instruments.incidents[incident].add(1);
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

function instrumentsOf(meter: Meter) {
  return {
    attempts: Attempts.of(meter),
    incidents: incidentsOf(meter),
    duration: durationOf(meter),
  };
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
