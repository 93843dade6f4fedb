import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { startVitest } from 'vitest/node';

// Runs the matrix and writes what came out of it into lib/guides/compatibility.md.
const page = new URL('../../lib/guides/compatibility.md', import.meta.url);
const vitest = await startVitest('test', ['test/package/nest-'], {
  project: ['package'],
  watch: false,
});
const cells = vitest.state
  .getTestModules()
  .flatMap((module) => [...module.children.allTests()])
  .filter((test) => test.meta().cell)
  .map((test) => ({ ...test.meta().cell, ...test.result() }));
const markdown = await readFile(page, 'utf8');
const table = `<!-- matrix:begin -->\n\n${tableOf(cells)}\n\n<!-- matrix:end -->`;
const updated = markdown.replace(/<!-- matrix:begin -->.*<!-- matrix:end -->/s, () => table);
const options = await resolveConfig(page);
await writeFile(page, await format(updated, { ...options, parser: 'markdown' }));
await vitest.close();

function tableOf(all) {
  const stacks = sorted(all.map(({ stack }) => stack));
  const names = sorted(all.map(({ runtime }) => runtime));
  const runtimes = [...names.filter(isNode), ...names.filter((each) => !isNode(each))];
  const rows = stacks.map((stack) => [
    stack,
    ...runtimes.map((runtime) =>
      textOf(all.find((cell) => cell.stack === stack && cell.runtime === runtime)),
    ),
  ]);
  const head = ['', ...runtimes];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function isNode(runtime) {
  return runtime.startsWith('Node.js');
}

function sorted(names) {
  return [...new Set(names)].toSorted((one, other) =>
    one.localeCompare(other, 'en', { numeric: true }),
  );
}

/** A cell that failed names the first test that did. */
function textOf({ state, errors = [] } = {}) {
  const [, why = 'see the output'] = /not ok \d+ - (.+)/.exec(errors[0]?.message ?? '') ?? [];
  return state === 'passed' ? '✓' : `✗ ${why.replaceAll('|', '\\|')}`;
}
