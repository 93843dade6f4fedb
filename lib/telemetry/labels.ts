import type { Attributes } from '@opentelemetry/api';
import type { WsAuthVerdict } from '../policy/telemetry.js';

/** Labels of everything that has ended. Each label has as many values as the configuration has names. */
export function labelsOf({
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

/** As the semantic conventions have it: what went well has no error. An SDK writes a text for each measurement, so they are few. */
export function durationLabelsOf({ outcome, strategy, code }: WsAuthVerdict): Attributes {
  const error = code ?? (outcome === 'abandoned' ? outcome : undefined);
  return {
    ...(strategy !== undefined && { 'ws_auth.strategy': strategy }),
    ...(error !== undefined && { 'error.type': error }),
  };
}
