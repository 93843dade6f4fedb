import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
  type Histogram,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import type { WsAuthModuleOptions } from '../../../lib/index.js';
import { openTelemetry, type OpenTelemetryOptions } from '../../../lib/opentelemetry.js';
import { startProtected, type TestApp } from '../../support/app.js';

/** Labels of a measurement, and its value. */
export type Measured = readonly [labels: object, value: number];

/** The real SDK, whose exporters keep what they are given. */
export class Recorder implements Disposable {
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({
    exporter: this.#metrics,
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 1_000,
  });
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] });
  readonly tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.#spans)],
  });

  constructor() {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  }

  telemetry(options: OpenTelemetryOptions = {}) {
    const { meterProvider, tracerProvider } = this;
    return openTelemetry({ meterProvider, tracerProvider, ...options });
  }

  /** Spans of authentications, in the order in which they ended. */
  spans(): ReadableSpan[] {
    return this.#spans.getFinishedSpans().filter(({ name }) => name === 'ws_auth.authenticate');
  }

  /** The only span. */
  span(): ReadableSpan {
    const [span, ...others] = this.spans();
    if (!span || others.length > 0) {
      throw new Error(`expected one span, found ${this.spans().length}`);
    }
    return span;
  }

  /** What has been measured under one name by now. */
  async measured(name: string): Promise<Measured[]> {
    const points = (await this.#collect()).find(({ descriptor }) => descriptor.name === name);
    return (points?.dataPoints ?? []).map(({ attributes, value }: DataPoint<unknown>) => [
      attributes,
      typeof value === 'number' ? value : (value as Histogram).count,
    ]);
  }

  /** What was counted of attempts, such as `2 handshake fromAuthorizationHeader jwt accepted`. */
  async attempts(): Promise<string[]> {
    const known = ['phase', 'extractor', 'strategy', 'outcome'].map((name) => `ws_auth.${name}`);
    return (await this.measured('ws_auth.attempts')).map(([labels, count]) => {
      const { 'error.type': code, ...others } = labels as Record<string, string>;
      const values = known.map((name) => others[name]);
      const unknown = Object.keys(others).filter((name) => !known.includes(name));
      return [count, ...values, code, ...unknown].filter((part) => part !== undefined).join(' ');
    });
  }

  /** The sums of a histogram. */
  async sums(name: string): Promise<(number | undefined)[]> {
    const points = (await this.#collect()).find(({ descriptor }) => descriptor.name === name);
    return (points?.dataPoints ?? []).map(
      ({ value }: DataPoint<unknown>) => (value as Histogram).sum,
    );
  }

  /** Everything that left for a collector, as text. */
  async everything(): Promise<string> {
    const spans = this.#spans
      .getFinishedSpans()
      .map(({ name, attributes, status, events }) => ({ name, attributes, status, events }));
    return JSON.stringify([spans, await this.#collect()]);
  }

  async #collect() {
    this.#metrics.reset();
    await this.#reader.forceFlush();
    return this.#metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics }) => metrics);
  }

  [Symbol.dispose](): void {
    context.disable();
    propagation.disable();
    void this.meterProvider.shutdown();
  }
}

/** Starts an application with `EchoGateway` that reports to a recorder. */
export function startObserved(
  recorder: Recorder,
  options: WsAuthModuleOptions = {},
): Promise<TestApp> {
  return startProtected({ telemetry: recorder.telemetry(), ...options });
}
