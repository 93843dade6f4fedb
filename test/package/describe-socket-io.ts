import { beforeAll, describe, expect, it } from 'vitest';
import type { Consumer } from './consumer.js';
import type { NestMajor } from './matrix.js';

/** The quick start, with a client that connects with a good and with a bad token. */
const program = `
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsUser } from 'nestjs-ws-auth';
import type {} from 'nestjs-ws-auth/socket.io';
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

/** The modules of a new application of that Nest. */
const moduleKinds = { 11: 'commonjs', 12: 'module' } as const satisfies Record<NestMajor, string>;

/** Installs Socket.IO in the folder of an application that has no WebSocket platform, and then the other platform. */
export function describeSocketIo(nest: NestMajor, consumerOf: () => Consumer): void {
  const type = moduleKinds[nest];

  describe(`16: an application with Socket.IO alone, as ${type}`, () => {
    beforeAll(async () => {
      const consumer = consumerOf();
      await consumer.install([`@nestjs/platform-socket.io@${nest}`, 'socket.io-client']);
      await consumer.write('app/package.json', JSON.stringify({ type }));
      await consumer.write('app/src/main.ts', program);
      await consumer.compileProject('app');
    });

    it('is protected by the quick start, in both transports', async () => {
      const consumer = consumerOf();
      expect(consumer.has('@nestjs/platform-ws')).toBe(false);
      await expect(consumer.node('app/dist/main.js')).resolves.toBe(
        'polling 3000 Hello alice!\nwebsocket 3000 Hello alice!\n',
      );
    });

    it('refuses to boot where both platforms are installed, and names the choice', async () => {
      await consumerOf().install([`@nestjs/platform-ws@${nest}`]);
      const output = await consumerOf().outputOf('node', ['app/dist/main.js']);
      expect(output).toMatch(/platform: .* are installed; choose platform: ws\(\) .* socketIo\(\)/);
    });
  });
}
