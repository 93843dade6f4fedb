import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const test = fileURLToPath(new URL('..', import.meta.url));
const anId =
  /\b(?:(?:HS|QP|AH|BA|SP|OR|ST|FM|EX|RA|RV|MS|TK|CK|RD|SD|RL|LG)-\d\d|K\d{1,2}[a-r]|D\d{1,2})\b/g;

/** Cases that no test shows: the bench measures them. */
const measured = ['EX-08'];

function read(path: string): string {
  return readFileSync(`${test}${path}`, 'utf8');
}

function idsIn(text: string): string[] {
  return [...new Set(text.match(anId))].toSorted();
}

const catalogue = [...read('catalogue.md').matchAll(/^- ([\w-]+): ./gm)].map(([, id]) => id!);

it('lists each case once', () => {
  expect(catalogue).toEqual([...new Set(catalogue)]);
});

it('lists the cases of all tests, and no others', () => {
  const specs = readdirSync(test, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('catalogue.spec.ts'),
  );
  const ofTests = idsIn(specs.map(read).join('\n'));
  expect([...ofTests, ...measured].toSorted()).toEqual(catalogue.toSorted());
});

it('lists every case that SECURITY.md names', () => {
  expect(catalogue).toEqual(expect.arrayContaining(idsIn(read('../SECURITY.md'))));
});
