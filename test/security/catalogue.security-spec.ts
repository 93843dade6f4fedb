import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Numbers of the cases of each area that this repository claims. */
const catalogue: Readonly<Record<string, readonly number[]>> = {
  HS: [
    1, 2, 4, 6, 7, 8, 10, 11, 13, 14, 15, 17, 18, 20, 21, 22, 24, 25, 27, 28, 30, 32, 33, 35, 37,
    38, 40,
  ],
  QP: [1, 2, 3, 5, 7, 8, 10],
  AH: [1, 2, 4, 5, 7, 8, 9, 11, 12],
  BA: [1, 2, 3, 5, 7, 8, 10, 12],
  SP: [1, 2, 3, 5, 7, 8],
  OR: [1, 2, 4, 6, 7, 8, 10, 12, 13, 14, 15, 17],
  ST: [1, 2, 4, 6, 7, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24],
  FM: [1, 2, 4, 6, 7, 8, 10, 12, 13, 15, 16, 17, 19, 20, 22, 23, 25, 26, 27],
  RL: [1, 2, 4, 6, 7],
  LG: [1, 2],
  CK: [1, 2, 4, 6, 7, 8, 10, 12, 13, 14, 16],
  MS: [1, 2, 4],
  SD: [1, 2, 3, 5, 7, 8, 10],
  TK: [1, 2, 3, 5, 6, 8, 9, 10, 12, 14],
  RD: [1, 2, 4, 5, 6, 8, 9, 11, 13, 14, 16],
};

/**
 * Where they are tested: what is decided without a socket by unit tests, sessions beside
 * their other tests, tickets and Redis beside those of several nodes.
 */
const folders = ['.', '../nodes', '../lifecycle', '../unit'];

const claimed = Object.entries(catalogue).flatMap(([area, numbers]) =>
  numbers.map((number) => `${area}-${String(number).padStart(2, '0')}`),
);

/** Ids at the start of a string, which is where the name of a test has them, one after the other, or behind it in brackets. */
function idsIn(source: string): string[] {
  const found = source.matchAll(/(?:['"`(]|(?<=\d\d), )(?:\$\{[^}]*)?([A-Z]{2}-\d\d)(?=[:,' )])/g);
  return [...found].map(([, id]) => id!).filter((id) => id.slice(0, 2) in catalogue);
}

function sourcesIn(folder: string): string[] {
  const path = join(import.meta.dirname, folder);
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /[-.]spec\.ts$/.test(name))
    .map((name) => readFileSync(join(path, name), 'utf8'));
}

it('every case of the catalogue is a test that is named by its id', () => {
  const sources = folders.flatMap(sourcesIn);
  const tested = new Set(sources.flatMap(idsIn));
  expect(claimed.filter((id) => !tested.has(id))).toEqual([]);
  expect([...tested].filter((id) => !claimed.includes(id))).toEqual([]);
  expect(sources.filter((source) => /\.(?:skip|todo|only)\(/.test(source))).toEqual([]);
});
