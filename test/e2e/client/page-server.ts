import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const published = fileURLToPath(new URL('../../../dist/lib', import.meta.url));

/** Serves an empty page, under a policy of the test's, and the client that it imports. */
export class PageServer implements AsyncDisposable {
  /** `Content-Security-Policy` of the page. */
  policy = '';

  private constructor(private readonly server: Server) {
    server.on('request', ({ url = '/' }, response) => {
      const { pathname } = new URL(url, 'http://page');
      if (pathname === '/') {
        response.setHeader('Content-Type', 'text/html');
        response.setHeader('Content-Security-Policy', this.policy);
        response.end('<!doctype html><title>Page</title><link rel="icon" href="data:,">');
        return;
      }
      readFile(`${published}${pathname}`).then(
        (file) => response.setHeader('Content-Type', 'text/javascript').end(file),
        () => response.writeHead(404).end(),
      );
    });
  }

  static async start(): Promise<PageServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PageServer(server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await once(this.server.close(), 'close');
  }
}
