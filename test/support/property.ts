import * as fc from 'fast-check';

/**
 * fast-check, with as many inputs for each property as `PROPERTY_RUNS` states: 100 by default, 10,000 in CI. They are the same in each
 * run, unless `PROPERTY_SEED` is another number: a weekly run has one that no run has had before.
 *
 * A property whose inputs are expensive names its own `numRuns`.
 */
fc.configureGlobal({
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? '100'),
  seed: Number(process.env['PROPERTY_SEED'] ?? '1'),
});

export { fc };
