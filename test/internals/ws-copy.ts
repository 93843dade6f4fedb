import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';

const original = dirname(createRequire(import.meta.url).resolve('ws/package.json'));

/** The version that copies state. */
export const copiedVersion = '8.99.0';

/** A copy of `ws` outside of the repository, whose source is changed. */
export class WsCopy implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** @throws if the change changes nothing, so that it shows nothing about `ws` */
  static async create(change: (source: string) => string): Promise<WsCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-ws-auth-ws-'));
    await cp(original, folder, { recursive: true });
    const files = (await readdir(join(folder, 'lib'))).map((name) => join(folder, 'lib', name));
    const changed = await Promise.all(files.map((file) => rewrite(file, change)));
    const manifest = join(folder, 'package.json');
    await rewrite(manifest, (json) =>
      json.replace(/"version": "[^"]+"/, `"version": "${copiedVersion}"`),
    );
    if (!changed.includes(true)) {
      throw new Error('this ws has nothing to change');
    }
    return new WsCopy(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Renames an identifier wherever it stands. */
export function renamed(identifier: string): (source: string) => string {
  const pattern = new RegExp(`(?<![\\w$])${identifier}(?![\\w$])`, 'g');
  return (source) => source.replace(pattern, `${identifier}Renamed`);
}

async function rewrite(file: string, change: (source: string) => string): Promise<boolean> {
  const before = await readFile(file, 'utf8');
  const after = change(before);
  await writeFile(file, after);
  return after !== before;
}
