import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { openTelemetry } from '../../../lib/opentelemetry.js';
import type { Contender, Settings } from './contender.js';
import { startOurs } from './ours.js';

/** Takes spans, and sends them nowhere: what sending costs is for the exporter that one chooses. */
const nowhere: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};

/** This package with OpenTelemetry: everything is measured, and one connection of ten is traced. */
export const oursWithTelemetry: Contender = (settings) => observed(settings, 0.1);

/** The same, and every connection is traced. */
export const oursTraced: Contender = (settings) => observed(settings, 1);

async function observed(settings: Settings, ratio: number) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const telemetry = openTelemetry({
    meterProvider: new MeterProvider({ readers: [exporter] }),
    tracerProvider: new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanProcessors: [new BatchSpanProcessor(nowhere)],
    }),
  });
  const { port } = await startOurs(settings, { strategy: 'jwt', telemetry });
  return { port };
}
