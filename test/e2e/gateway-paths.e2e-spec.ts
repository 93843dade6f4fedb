import type { INestApplication, Type } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WsAuthModule, WsPublic } from '../../lib/index.js';
import { bootError, startApp, type TestApp } from '../support/app.js';
import { nestDoes } from '../support/nest-11.js';

function gatewayAt(path: unknown): Type<object> {
  @WsPublic()
  @WebSocketGateway({ path: path as string })
  class PathGateway {}
  return PathGateway;
}

const useStock = (nest: INestApplication) => nest.useWebSocketAdapter(new WsAdapter(nest));

async function opens(app: TestApp, path: string): Promise<boolean> {
  try {
    await app.connect(path).opened();
    return true;
  } catch {
    return false;
  }
}

describe('the path of a gateway', () => {
  it.each(['chat', '/chat', '/chat/', '//chat', '/api//chat', 'api//chat//', '/a///b/', '/', '//'])(
    'K5i: %s is normalised as Nest does',
    async (path) => {
      const pathOfStock = nestDoes.collapseSlashesOfRelativePaths ? path : `/${path}`;
      await using stock = await startApp({ providers: [gatewayAt(pathOfStock)] }, useStock);
      await using app = await startApp({
        imports: [WsAuthModule.forRoot()],
        providers: [gatewayAt(path)],
      });
      for (const asked of ['/chat', '/api/chat', '/a/b', '/']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const ofNest = await opens(stock, asked);
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await opens(app, asked), asked).toBe(ofNest);
      }
    },
  );

  it.each([
    '/rooms/:id',
    ':id',
    '/rooms/:id/chat',
    '/rooms/*',
    '*',
    '/rooms/{*rest}',
    '/rooms/(.*)',
    '/rooms{/:id}',
    '/rooms?',
    '/rooms?id=1',
    '/rooms#top',
    '/my rooms',
    '/räume',
    '/a/../b',
    '/a/.',
    ['/a', '/b'],
    /rooms/,
  ])('K5j: refuses to boot with %s, which no request can match', async (path) => {
    const error = await bootError({
      imports: [WsAuthModule.forRoot()],
      providers: [gatewayAt(path)],
    });
    expect(error.message).toMatch(/^path: .*the paths of gateways are exact/);
  });

  it.each(['/rooms', '/a:b', '/a.b', '/r%C3%A4ume', '/a+b', '/a$b/(c)', '/.well-known/ws', '/..a'])(
    'K5j: boots with %s',
    async (path) => {
      await using app = await startApp({
        imports: [WsAuthModule.forRoot()],
        providers: [gatewayAt(path)],
      });
      await app.connect(path).opened();
    },
  );
});
