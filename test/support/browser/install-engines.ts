import { canInstall, install, installCommand } from './debian-package.js';
import { engines } from './engines.js';

/**
 * Installs the engines that are missing, where that is possible. Elsewhere it prints how, and the tests do without them: no
 * system but Debian's has all.
 */
export async function setup(): Promise<void> {
  const missing = engines.filter(({ installed }) => !installed());
  if (missing.length === 0) return;
  const names = missing.flatMap(({ packages }) => packages).join(' ');
  if (await canInstall()) {
    await install(...missing.flatMap(({ packages }) => packages));
  } else {
    process.stderr.write(`To test in more browsers, run: ${installCommand(names)}\n`);
  }
}
