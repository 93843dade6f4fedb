import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { linksOf } from '../readme/readme.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Documents at the root, and what they and the guides link to. */
const documents = [
  '.github/way.svg',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'PROTOCOL.md',
  'README.md',
  'SECURITY.md',
  'test/bench/RESULTS.md',
  ...['sample/examples', 'sample/recipes'].flatMap(filesIn),
];

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Of three transports, a command and a schematic. Half of it is sources, guides and examples, which no program loads. Raise it knowingly. */
const budget = { packedBytes: 1_040_000, unpackedBytes: 4_100_000 };

function sourcesOfLib(): string[] {
  return readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `lib/${name}`);
}

/** Guides, what they quote, and the list of schematics stand beside the code they describe. */
function guidesOfLib(): string[] {
  return readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|conf|json)$/.test(name))
    .map((name) => `lib/${name}`);
}

/** What the compiler makes of one source. */
function compiledFrom(source: string): string[] {
  const stem = `dist/${source.replace(/\.ts$/, '')}`;
  return ['.js', '.d.ts', '.d.ts.map'].map((extension) => stem + extension);
}

describe('the tarball', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-ws-auth-contents-'));
    await promisify(execFile)('tar', ['-xzf', inject('tarball').path, '-C', folder]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const unpacked = (name: string) => join(folder, 'package', name);

  it('holds the sources, what was compiled from them, and the documents: nothing else', () => {
    const sources = sourcesOfLib();
    const expected = [
      'package.json',
      ...documents,
      ...guidesOfLib(),
      ...sources,
      ...sources.flatMap(compiledFrom),
    ];
    expect(inject('tarball').files.toSorted()).toEqual(expected.toSorted());
  });

  it('holds what its documents link to', () => {
    const { files } = inject('tarball');
    const missing = files
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) =>
        linksOf(readFileSync(unpacked(name), 'utf8'))
          .map((link) => link.split('#', 1)[0]!)
          .filter((path) => path !== '' && !files.includes(join(dirname(name), path)))
          .map((path) => `${name} → ${path}`),
      );
    expect(missing).toEqual([]);
  });

  it('leads from every compiled file to its source, so that "go to definition" ends in TypeScript', () => {
    const maps = inject('tarball').files.filter((name) => name.endsWith('.map'));
    const missing = maps.flatMap((map) => {
      const { sources } = JSON.parse(readFileSync(unpacked(map), 'utf8')) as { sources: string[] };
      const paths = sources.map((source) => join(dirname(unpacked(map)), source));
      return paths.filter((path) => !existsSync(path)).map((path) => relative(folder, path));
    });
    expect(maps.length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });

  it('has its documentation in the types, which editors show, and not again in the code', () => {
    const module = 'dist/lib/module/ws-auth.module';
    expect(readFileSync(unpacked(`${module}.d.ts`), 'utf8')).toContain('/**');
    expect(readFileSync(unpacked(`${module}.js`), 'utf8')).not.toContain('/**');
  });

  it('holds no path of the machine that built it', () => {
    const telling = inject('tarball').files.filter((name) =>
      readFileSync(unpacked(name), 'utf8').includes(root),
    );
    expect(telling).toEqual([]);
  });

  it('is small, packed and unpacked', () => {
    expect(inject('tarball').packedBytes).toBeLessThan(budget.packedBytes);
    expect(inject('tarball').unpackedBytes).toBeLessThan(budget.unpackedBytes);
  });
});
