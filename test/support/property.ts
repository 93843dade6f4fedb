import * as fc from 'fast-check';

/**
 * fast-check, with as many inputs for each property as `PROPERTY_RUNS` states: 100 by default, 10,000 in CI.
 *
 * A property whose inputs are expensive names its own `numRuns`.
 */
fc.configureGlobal({ numRuns: Number(process.env['PROPERTY_RUNS'] ?? '100') });

export { fc };
