import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserWindow } from './browser-window.js';
import { openChromium, openFirefox } from './puppeteer-window.js';
import { openWebKit } from './webkit-window.js';

/** A browser, as a user may have it. */
export interface Engine {
  readonly name: string;
  /** Debian packages it comes with. */
  readonly packages: readonly string[];
  readonly installed: () => boolean;
  readonly open: () => Promise<BrowserWindow>;
}

const firefox = '/usr/bin/firefox-esr';

/** Chromium is always there: {@link openChromium} prints what to do when it is not. */
export const engines: readonly Engine[] = [
  {
    name: 'Chromium',
    packages: ['chromium'],
    installed: () => true,
    open: () => openChromium('allowed'),
  },
  {
    name: 'Chromium, third-party cookies blocked,',
    packages: ['chromium'],
    installed: () => true,
    open: () => openChromium('blocked'),
  },
  {
    name: 'Firefox ESR',
    packages: ['firefox-esr'],
    installed: () => existsSync(firefox),
    open: () => openFirefox(firefox),
  },
  {
    name: 'WebKitGTK',
    packages: ['webkit2gtk-driver', 'xvfb'],
    installed: () => miniBrowser() !== undefined && existsSync('/usr/bin/Xvfb'),
    open: () => openWebKit(miniBrowser()!),
  },
];

/** Debian keeps it in the folder of the architecture. */
function miniBrowser(): string | undefined {
  const libraries = '/usr/lib';
  const folders = existsSync(libraries) ? readdirSync(libraries) : [];
  return folders
    .map((folder) => join(libraries, folder, 'webkit2gtk-4.1', 'MiniBrowser'))
    .find((path) => existsSync(path));
}
