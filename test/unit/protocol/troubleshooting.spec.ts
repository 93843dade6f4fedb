import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { linksOf, rootFile } from '../../readme/readme.js';
import { allChecks } from '../support/checks.js';
import { allRefusalCodes } from '../support/refusal-codes.js';

const page = rootFile('lib/guides/troubleshooting.md');
const headings = [...page.matchAll(/^### (\w+)$/gm)].map(([, heading]) => heading!);

/** Every code that `lib` mentions, of refusals and of errors. */
function codesOfLib(): string[] {
  const lib = fileURLToPath(new URL('../../../lib', import.meta.url));
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' });
  const sources = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => rootFile(`lib/${file}`));
  return [...new Set(sources.join('\n').match(/(?<=')ERR_WS_AUTH_[A-Z_]+(?=')/g))];
}

describe('the page about troubleshooting', () => {
  it('K8g: has a chapter for each code, and for no other', () => {
    const codes = new Set([...allRefusalCodes, ...codesOfLib()]);
    expect(headings.toSorted()).toEqual([...codes].toSorted());
  });

  it.each(allChecks)('K8g: explains the check %s', (check) => {
    expect(page).toContain(`\`${check}\``);
  });

  it('K8g: is linked by each refusal of PROTOCOL.md', () => {
    const anchors = linksOf(rootFile('PROTOCOL.md')).filter((link) =>
      link.startsWith('lib/guides/troubleshooting.md#'),
    );
    const expected = allRefusalCodes.map(
      (code) => `lib/guides/troubleshooting.md#${code.toLowerCase()}`,
    );
    expect(anchors.toSorted()).toEqual(expected.toSorted());
  });
});
