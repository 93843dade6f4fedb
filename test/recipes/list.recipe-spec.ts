import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';

it('lib/guides/recipes.md lists every recipe once', () => {
  const folder = fileURLToPath(new URL('../../sample/recipes', import.meta.url));
  const shared = ['environment.ts', 'hello.gateway.ts'];
  const recipes = readdirSync(folder).filter((name) => !shared.includes(name));
  const links = [...rootFile('lib/guides/recipes.md').matchAll(/sample\/recipes\/([\w-]+\.ts)\)/g)];
  expect(links.map(([, name]) => name)).toHaveLength(recipes.length);
  expect(new Set(links.map(([, name]) => name))).toEqual(new Set(recipes));
});
