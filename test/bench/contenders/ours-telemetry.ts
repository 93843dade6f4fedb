import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
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
import type { WsAuthTelemetry } from '../../../lib/index.js';
import { openTelemetry } from '../../../lib/opentelemetry.js';
import type { Contender, Settings } from './contender.js';
import { startOurs } from './ours.js';

/** Takes spans, and sends them nowhere: what sending costs is for the exporter that one chooses. */
const nowhere: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};

/** This package beside an SDK that traces something else: asynchronous contexts cost every promise of the process. */
export const oursBesideTelemetry: Contender = (settings) => {
  setUpContexts();
  return start(settings);
};

/** This package with OpenTelemetry: everything is measured, nothing is traced. */
export const oursMeasured: Contender = (settings) =>
  start(settings, openTelemetry({ meterProvider: meters() }));

/** The same, and one connection of ten is traced. */
export const oursSampled: Contender = (settings) => startTraced(settings, 0.1);

/** The same, and every connection is traced. */
export const oursTraced: Contender = (settings) => startTraced(settings, 1);

function startTraced(settings: Settings, ratio: number) {
  setUpContexts();
  const tracerProvider = new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(nowhere)],
  });
  return start(settings, openTelemetry({ meterProvider: meters(), tracerProvider }));
}

/** What every SDK for Node.js does, and what its first span does. */
function setUpContexts(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  context.with(ROOT_CONTEXT, () => undefined);
}

function meters(): MeterProvider {
  return new MeterProvider({ readers: [new PrometheusExporter({ preventServerStart: true })] });
}

async function start(settings: Settings, telemetry?: WsAuthTelemetry) {
  const options = { strategy: 'jwt', ...(telemetry && { telemetry }) };
  const { port } = await startOurs(settings, options);
  return { port };
}
