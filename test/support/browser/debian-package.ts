import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The command that a person runs where the tests may not. */
export function installCommand(packageName: string): string {
  return `sudo apt-get update && sudo apt-get install -y ${packageName}`;
}

/** Whether the tests can install a Debian package themselves: `apt-get` is there and they are root. */
export async function canInstall(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  return access('/usr/bin/apt-get').then(
    () => true,
    () => false,
  );
}

/** Installs Debian packages; waits for its turn when another installation is under way. */
export async function install(...packageNames: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const patience = ['-o', 'DPkg::Lock::Timeout=300'];
  await run('apt-get', ['update'], { env });
  await run('apt-get', [...patience, 'install', '-y', ...packageNames], { env });
}
