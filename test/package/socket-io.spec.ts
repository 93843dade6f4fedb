import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Consumer } from './consumer.js';
import type { NestMajor } from './matrix.js';

/** Packages of an application of Socket.IO alone: without the platform of native WebSockets. */
function packagesOf(nest: NestMajor): string[] {
  const names = [
    'common',
    'core',
    'passport',
    'platform-express',
    'platform-socket.io',
    'websockets',
  ];
  return [
    ...names.map((name) => `@nestjs/${name}@${nest}`),
    'passport',
    'passport-custom',
    'socket.io-client',
    'reflect-metadata@0.2',
    'rxjs@7',
    'typescript@~6.0.3',
    '@types/node@20',
    inject('tarball').path,
  ];
}

/** The quick start, with a client that connects with a good and with a bad token. */
const program = `
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { authenticate } from 'nestjs-ws-auth/socket.io-client';
import { Strategy } from 'passport-custom';
import { io } from 'socket.io-client';

@Injectable()
class TestStrategy extends PassportStrategy(Strategy, 'test') {
  validate(request: { headers: { authorization?: string } }) {
    return request.headers.authorization === 'Bearer good' && { id: 'alice' };
  }
}

@WebSocketGateway({ namespace: 'chat' })
class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return \`Hello \${id}!\`;
  }
}

@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'test' })],
  providers: [TestStrategy, ChatGateway],
})
class AppModule {}

async function main() {
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()) + '/chat';
  for (const transports of [['polling'], ['websocket']]) {
    const bad = io(url, { transports, forceNew: true, auth: { token: 'bad' } });
    const error = await new Promise<Error & { data?: { code: number } }>((resolve) => bad.on('connect_error', resolve));
    const good = io(url, { transports, forceNew: true });
    authenticate(good, { token: () => 'good' });
    console.log(transports[0], error.data?.code, await good.emitWithAck('hello'));
    bad.disconnect();
    good.disconnect();
  }
  await app.close();
}

main().catch((error: Error) => {
  console.log(error.message);
  process.exit(1);
});
`;

describe.each([
  [11, 'commonjs'],
  [12, 'module'],
] as const)('16: an application of Nest %s with Socket.IO alone, as %s', (nest, type) => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install(packagesOf(nest));
    await consumer.write('app/package.json', JSON.stringify({ type }));
    await consumer.write('app/src/main.ts', program);
    await consumer.compileProject('app', { skipLibCheck: true });
  });
  afterAll(() => consumer[Symbol.asyncDispose]());

  it('is protected by the quick start, in both transports', async () => {
    expect(consumer.has('@nestjs/platform-ws')).toBe(false);
    await expect(consumer.node('app/dist/main.js')).resolves.toBe(
      'polling 3000 Hello alice!\nwebsocket 3000 Hello alice!\n',
    );
  });

  it('refuses to boot where both platforms are installed, and names the choice', async () => {
    await consumer.install([`@nestjs/platform-ws@${nest}`]);
    const output = await consumer.outputOf('node', ['app/dist/main.js']);
    expect(output).toMatch(/platform: .* are installed; choose platform: ws\(\) .* socketIo\(\)/);
  });
});
