import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { rootFile } from '../readme/readme.js';

/** A registry that has the packed package as its newest version, and leads to the real one for every other package. */
export class LocalRegistry implements AsyncDisposable {
  private constructor(private readonly server: Server) {}

  static async start(tarball: string): Promise<LocalRegistry> {
    const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry']);
    const real = stdout.trim().replace(/\/$/, '');
    const bytes = await readFile(tarball);
    const registry = new LocalRegistry(
      createServer(({ url = '/' }, response) => {
        if (url === '/nestjs-ws-auth') {
          response.end(JSON.stringify(metadataOf(bytes, `${registry.url}package.tgz`)));
        } else if (url === '/package.tgz') {
          response.end(bytes);
        } else {
          response.writeHead(307, { location: real + url }).end();
        }
      }),
    );
    await once(registry.server.listen(0, '127.0.0.1'), 'listening');
    return registry;
  }

  /** With a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await once(this.server.close(), 'close');
  }
}

/** What a registry states of a package that has one version. */
function metadataOf(bytes: Buffer, tarball: string): object {
  const manifest = JSON.parse(rootFile('package.json')) as { name: string; version: string };
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist: { tarball, integrity } } },
  };
}
