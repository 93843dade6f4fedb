import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes. Started last, each of them would run alone while the other cores wait. */
export const longest: readonly string[] = [
  'test/unit/simulation/even-seeds.spec.ts',
  'test/unit/simulation/odd-seeds.spec.ts',
  'test/unit/simulation/simulation.spec.ts',
  'test/socket-io/draining.e2e-spec.ts',
  'test/nodes/faults.nodes-spec.ts',
  'test/sample/sessions-page.browsers-spec.ts',
  'test/package/nest-12.spec.ts',
  'test/package/nest-11.spec.ts',
  'test/package/other-transports-11.spec.ts',
  'test/package/nest-add.spec.ts',
  'test/browsers/site.browsers-spec.ts',
];

/** Starts the longest files first. A fresh clone has no durations of a former run, by which vitest would order them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the method of a sequencer, which returns a promise
    const specifications = await super.sort(files);
    return specifications.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const index = longest.findIndex((file) => moduleId.endsWith(file));
  return index === -1 ? longest.length : index;
}
