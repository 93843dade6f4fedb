import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule } from 'nestjs-ws-auth';
import { TestClient } from '../../support/client.js';
import { JwtStrategy } from './application.js';
import { httpAdapter } from './http-adapter.js';

@WebSocketGateway({ path: '/chat' })
class ChatGateway {}

@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt', refusalLogLevel: process.argv[2] as 'warn' })],
  providers: [JwtStrategy, ChatGateway],
})
class ApplicationModule {}

/** A program that refuses one client, with the logger that Nest has by default. */
async function main(): Promise<void> {
  const nest = await NestFactory.create(ApplicationModule, httpAdapter());
  await nest.listen(0, '127.0.0.1');
  const url = (await nest.getUrl()).replace('http', 'ws');
  const client = new TestClient(`${url}/chat`, { headers: { authorization: 'Bearer wrong' } });
  await client.refusal();
  await nest.close();
}

void main();
