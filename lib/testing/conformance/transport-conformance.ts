import {
  casesOf,
  conformanceSettings,
  type ConformanceCase,
  type ConformanceOptions,
} from './conformance-case.js';
import { enteringCases } from './entering-cases.js';
import { hookCases, secrecyCases } from './hook-cases.js';
import { limitCases } from './limit-cases.js';
import { endingCases, sessionCases } from './session-cases.js';
import { TransportStage } from './transport-stage.js';
import type { OpenTransport } from './transport-under-test.js';

/**
 * What every transport must do, as cases for any test runner: who meets application code, in which order, when a session ends, and what
 * stays secret. The cases run one after the other, since some move the clock.
 *
 * @example
 * ```ts
 * for (const { name, exception, run } of transportConformance(open)) {
 *   it.skipIf(exception)(name, run); // node:test: test(name, { skip: exception }, run)
 * }
 * ```
 * @throws {WsAuthConfigurationError} for an unknown option, and for an exception that names no case, or has no reason.
 * @publicApi
 */
export function transportConformance(
  open: OpenTransport,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  const { exceptions, timeoutMs } = conformanceSettings('transportConformance', options);
  const demands = [
    ...enteringCases,
    ...sessionCases,
    ...endingCases,
    ...limitCases,
    ...hookCases,
    ...secrecyCases,
  ];
  const stage = () => Promise.resolve(new TransportStage(open, timeoutMs));
  return casesOf(demands, stage, exceptions);
}
