import { describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import { frameworkOf, httpAdapters, nestMajors, nodeRanges, otherRuntimes } from './matrix.js';

const [, markdown = ''] = /<!-- matrix:begin -->(.*)<!-- matrix:end -->/s.exec(
  rootFile('lib/guides/compatibility.md'),
)!;
const [head = [], , ...rows] = markdown
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

// The cells themselves are tests, so a red one fails the run that has this table checked.
describe('the table of lib/guides/compatibility.md, which npm run test:matrix writes,', () => {
  it('has a row for every stack that is tested, and no other', () => {
    const stacks = rows.map(([stack]) => stack!.replace(/(\d+)\.\d+\.\d+/g, '$1'));
    const tested = nestMajors.flatMap((nest) =>
      httpAdapters.map((http) => `Nest ${nest}, ${frameworkOf[http].name} 5`),
    );
    expect(stacks).toEqual(tested);
  });

  it('K12e: has a column for every runtime that is tested, and no other', () => {
    const runtimes = head
      .slice(1)
      .map((cell) => /^(Node\.js \d+|Bun|Deno)(?:\.\d+\.\d+| \d+\.\d+\.\d+)$/.exec(cell)?.[1]);
    const nodes = Object.keys(nodeRanges).map((major) => `Node.js ${major}`);
    const others = Object.values(otherRuntimes).map(({ name }) => name);
    expect(runtimes).toEqual([...nodes, ...others]);
  });

  it('lists success alone, since every cell passes', () => {
    const cells = rows.flatMap(([, ...results]) => results);
    expect(cells).toEqual(Array.from({ length: 24 }, () => '✓'));
  });
});
