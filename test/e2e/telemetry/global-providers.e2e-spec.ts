import { metrics, trace } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { openTelemetry } from '../../../lib/opentelemetry.js';
import { connect } from '../../../lib/testing.js';
import { startProtected } from '../../support/app.js';
import { tokenOf } from '../../support/tokens.js';
import { Recorder } from './recorder.js';

afterEach(() => {
  metrics.disable();
  trace.disable();
});

it('measures and traces with an SDK that begins after the options were made', async () => {
  using recorder = new Recorder();
  const telemetry = openTelemetry();
  expect(metrics.setGlobalMeterProvider(recorder.meterProvider)).toBe(true);
  expect(trace.setGlobalTracerProvider(recorder.tracerProvider)).toBe(true);
  await using app = await startProtected({ telemetry });
  await using _client = await connect(app.nest, { firstMessage: { token: tokenOf('alice') } });
  const valuesOf = async (name: string) =>
    (await recorder.measured(`ws_auth.${name}`)).map(([, value]) => value);
  expect(await valuesOf('attempts')).toEqual([1]);
  expect(await valuesOf('authentication.duration')).toEqual([1]);
  expect(await valuesOf('session.count')).toEqual([1]);
  expect(await valuesOf('session.renewals')).toEqual([0]);
  expect(recorder.spans()).toHaveLength(1);
});
