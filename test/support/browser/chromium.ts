import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { canInstall, install, installCommand } from './debian-package.js';

const run = promisify(execFile);

const candidates = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Returns the path of a Chromium that starts. Installs Debian's where that is possible; throws with
 * the command to run where it is not, so that the browser tests are never skipped silently.
 */
export async function chromiumPath(): Promise<string> {
  const chosen = process.env['CHROME_BIN'];
  if (chosen) return chosenPath(chosen);
  const present = await firstThatStarts();
  if (present) return present;
  if (await canInstall()) await install('chromium');
  const installed = await firstThatStarts();
  if (installed) return installed;
  throw new Error(
    `these tests need Chromium. Run: ${installCommand('chromium')}\n` +
      'or set CHROME_BIN to the path of a Chromium or Chrome',
  );
}

async function chosenPath(path: string): Promise<string> {
  if (await starts(path)) return path;
  throw new Error(`CHROME_BIN names ${path}, which does not start`);
}

async function firstThatStarts(): Promise<string | undefined> {
  for (const path of candidates) {
    // Ubuntu's chromium-browser is a script that only asks for a snap: being there is not enough.
    if (await starts(path)) return path;
  }
  return undefined;
}

async function starts(path: string): Promise<boolean> {
  return run(path, ['--version']).then(
    ({ stdout }) => /chrom/i.test(stdout),
    () => false,
  );
}
