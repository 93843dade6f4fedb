import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import httpProxy from 'http-proxy';
import { userOf } from 'nestjs-ws-auth';

/** For `main.ts`, before `app.listen()`. The server behind it trusts the header, so only the proxy may reach it. */
export function useProxy(app: INestApplication, target: string): void {
  const proxy = httpProxy.createProxyServer({ target });
  proxy.on('proxyReqWs', (proxied, request, socket) => {
    socket.once('close', () => proxied.socket?.destroy());
    proxied.removeHeader('authorization');
    proxied.setHeader('x-user-id', userOf<{ id: string }>(request).id);
  });
  const server: Server = app.getHttpServer();
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/devices')) {
      proxy.ws(request, socket, head, undefined, () => socket.destroy());
    }
  });
}
