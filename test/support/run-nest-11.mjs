import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Runs the projects e2e, lifecycle and security on Nest 11, in a copy of this checkout with packages of its own: packages of Nest
// import each other, so Nest 11 beside Nest 12 in one folder would be a mixture. Arguments are passed on to vitest.
const root = fileURLToPath(new URL('../..', import.meta.url));
const major = '11';
/** Packages of Nest whose major is another one, as those for Nest 11 have it. */
const ofNest11 = { '@nestjs/config': '4', '@nestjs/apollo': '13', '@nestjs/graphql': '13' };
const projects = ['e2e', 'lifecycle', 'security'];
const folder = await mkdtemp(join(tmpdir(), 'nestjs-ws-auth-nest-11-'));

// The children receive the interrupt as well. This process outlives them and removes the folder.
process.on('SIGINT', () => undefined);
try {
  await copyCheckout();
  const names = await requireNest11();
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']);
  await checkVersions(names);
  const selected = projects.map((project) => `--project=${project}`);
  await run('npx', ['vitest', 'run', ...selected, ...process.argv.slice(2)]);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Copies what is committed and what is about to be. */
async function copyCheckout() {
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', options, { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((each) => each !== '' && existsSync(join(root, each)))) {
    await cp(join(root, file), join(folder, file));
  }
}

/** Replaces Nest 12 by Nest 11 in package.json. The CLI stays: it only compiles. Everything else keeps its locked version. */
async function requireNest11() {
  const path = join(folder, 'package.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  const { devDependencies } = manifest;
  const names = Object.keys(devDependencies).filter(
    (name) =>
      name.startsWith('@nestjs/') &&
      name !== '@nestjs/cli' &&
      !(name in ofNest11) &&
      devDependencies[name].startsWith('^12.'),
  );
  for (const name of names) {
    devDependencies[name] = major;
  }
  for (const name of Object.keys(ofNest11)) {
    devDependencies[name] = ofNest11[name];
  }
  // The platform of Socket.IO is installed under another name.
  const aliases = Object.keys(devDependencies).filter((name) =>
    devDependencies[name].startsWith('npm:@nestjs/'),
  );
  for (const name of aliases) {
    devDependencies[name] = devDependencies[name].replace(/@[^@]*$/, `@${major}`);
  }
  await writeFile(path, JSON.stringify(manifest, undefined, 2));
  return [...names, ...aliases];
}

/** Fails unless each package of Nest is installed once, and as Nest 11, also for packages that import it. */
async function checkVersions(names) {
  const lock = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
  for (const name of names) {
    const copies = Object.entries(lock.packages).filter(([path]) => path.endsWith(`/${name}`));
    const versions = copies.map(([, { version }]) => version);
    if (versions.length !== 1 || !versions[0].startsWith(`${major}.`)) {
      throw new Error(`${name}: expected one copy of version ${major}, got ${versions.join(', ')}`);
    }
    process.stdout.write(`${name} ${versions[0]}\n`);
  }
}

async function run(command, args) {
  const child = spawn(command, args, { cwd: folder, stdio: 'inherit' });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) {
    throw new Error(`${command} ${args[0]} failed: ${signal ?? code}`);
  }
}
