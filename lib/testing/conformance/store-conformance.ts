import {
  casesOf,
  conformanceSettings,
  type ConformanceCase,
  type ConformanceOptions,
} from './conformance-case.js';
import { journalCases } from './store-journal-cases.js';
import { leaseCases } from './store-lease-cases.js';
import { presenceCases } from './store-presence-cases.js';
import { revocationCases } from './store-revocation-cases.js';
import { StoreStage, type OpenStore } from './store-stage.js';
import { ticketCases } from './store-ticket-cases.js';

/**
 * What every store must do, as cases for any test runner: tickets are spent once, revocations reach every node, and leases keep their
 * limit, also under simultaneous requests. Cases of optional methods pass for a store without them.
 *
 * @example
 * ```ts
 * for (const { name, run } of storeConformance(open)) {
 *   it(name, run);
 * }
 * ```
 * @throws {WsAuthConfigurationError} for an unknown option, and for an exception that names no case, or has no reason.
 * @publicApi
 */
export function storeConformance(
  open: OpenStore,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  const { exceptions, timeoutMs } = conformanceSettings('storeConformance', options);
  const demands = [
    ...ticketCases,
    ...revocationCases,
    ...leaseCases,
    ...journalCases,
    ...presenceCases,
  ];
  const stage = async () => new StoreStage(await open(), timeoutMs);
  return casesOf(demands, stage, exceptions);
}
