import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import { longest } from '../support/longest-first.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const workflows = readdirSync(`${root}/.github/workflows`).map(
  (name) => `.github/workflows/${name}`,
);

describe('the workflows', () => {
  it.each(workflows)('%s pins each action to a commit, and names its version', (file) => {
    const uses = Array.from(rootFile(file).matchAll(/uses: (.+)$/gm), ([, action]) => action!);
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[\da-f]{40} # v[\d.]+$/.test(action))).toEqual(
      [],
    );
  });

  it.each(workflows)('%s reads the contents, and no job may do more than it needs', (file) => {
    expect(rootFile(file)).toMatch(/^permissions:\n {2}contents: read$/m);
  });
});

it.each(longest)('%s, which is started before shorter files, exists', (file) => {
  expect(existsSync(`${root}/${file}`)).toBe(true);
});

it('changesets are written by one exact version, and none may be left at a release', () => {
  const { scripts } = JSON.parse(rootFile('package.json')) as { scripts: Record<string, string> };
  expect(scripts['changeset']).toMatch(/^npx --yes @changesets\/cli@\d+\.\d+\.\d+$/);
  expect(rootFile('.github/workflows/version.yml')).toContain('npm run changeset -- version');
  expect(rootFile('.github/workflows/release.yml')).toContain("find .changeset -name '*.md'");
});

it('the address of the repository is in package.json alone', () => {
  const files = execFileSync(
    'git',
    ['grep', '-l', 'example\\.com/nestjs-ws', '--', ':!package-lock.json'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  expect(files.trim().split('\n')).toEqual(['package.json']);
});
